import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  encodeError,
  encodeRequest,
  encodeSuccess,
  parseRequest,
  parseResponse,
} from '../../../src/protocol/commands.ts';

const envelope = { request_id: 'r1', from: 'alice', to: 'bob' };
const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

describe('commands', () => {
  it('reads a request without params as it stands in the contract', () => {
    expect(parseRequest(bytes({ command: 'LIST_FILES', ...envelope }))).toMatchObject({
      command: 'LIST_FILES',
      ...envelope,
    });
  });

  it('checks the params of each command and names what is wrong', () => {
    const open = {
      command: 'OPEN_SESSION' as const,
      ...envelope,
      params: {
        session: 'a'.repeat(32),
        layers: { start: 3, end: 5 },
        before: ['a'],
        after: ['b'],
        hashes: false,
        max_tokens: 9,
        first_task: 4,
        opening: 2,
      },
    };
    expect(parseRequest(encodeRequest(open))).toEqual(open);
    for (const params of [
      undefined,
      { ...open.params, layers: { start: 5, end: 5 } },
      { ...open.params, session: 'x' },
      { ...open.params, max_tokens: 0 },
    ]) {
      expect(() => parseRequest(bytes({ ...open, params }))).toThrow(
        expect.objectContaining({ code: 'bad-command', message: expect.stringContaining('OPEN_SESSION') }),
      );
    }
    expect(() => parseRequest(bytes({ command: 'FORMAT_DISK', ...envelope }))).toThrow(
      expect.objectContaining({ code: 'bad-command' }),
    );
  });

  it('answers success and error as the contract says', () => {
    const request = parseRequest(bytes({ command: 'LIST_FILES', ...envelope }));
    const files = [{ info_hash: 'a'.repeat(40), filename: 'shard-0.gguf', size: 12 }];
    expect(JSON.parse(new TextDecoder().decode(encodeSuccess(request, { files })))).toEqual({
      command: 'LIST_FILES',
      request_id: 'r1',
      status: 'success',
      result: { files },
    });
    expect(parseResponse('LIST_FILES', encodeSuccess(request, { files }))).toEqual({ files });
    expect(() =>
      parseResponse('LIST_FILES', encodeError(request, { code: 'consent-required', message: 'no' })),
    ).toThrow(expect.objectContaining({ code: 'consent-required', message: 'no' }));
    expect(() => parseResponse('LIST_FILES', encodeSuccess(request, { files: [{ filename: 3 }] }))).toThrow(
      expect.objectContaining({ code: 'bad-command' }),
    );
  });

  it('refuses any bytes that are no command as bad-command', () => {
    const anything = fc.oneof(
      fc.uint8Array(),
      fc.json().map((json) => new TextEncoder().encode(json)),
      fc.object().map(bytes),
    );
    fc.assert(
      fc.property(anything, (hostile) => {
        expect(() => parseRequest(hostile)).toThrow(expect.objectContaining({ code: 'bad-command' }));
      }),
    );
  });
});
