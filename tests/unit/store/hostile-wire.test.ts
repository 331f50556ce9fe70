import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Torrent, Wire } from 'webtorrent';
import { SourceGuard } from '../../../src/store/torrent/source-guard.ts';
import { FakeTorrent } from '../../support/fake-torrent.ts';

/** webtorrent's own parser of what peers send, which its package does not export. */
const PROTOCOL: string = 'bittorrent-protocol';
const { default: RealWire } = (await import(/* @vite-ignore */ PROTOCOL)) as {
  default: new () => Wire & {
    write(bytes: Uint8Array): boolean;
    on(event: 'error', listener: () => void): void;
    readonly _bufferSize: number;
  };
};

const HANDSHAKE = Uint8Array.from([
  19,
  ...new TextEncoder().encode('BitTorrent protocol'),
  ...[0, 0, 0, 0, 0, 0x10, 0, 0x05],
  ...new Uint8Array(20).fill(1),
  ...new Uint8Array(20).fill(2),
]);

function message(...parts: readonly (readonly number[] | Uint8Array)[]): Uint8Array {
  const body = parts.flatMap((part) => [...part]);
  return Uint8Array.from([...lengthOf(body.length), ...body]);
}

const lengthOf = (length: number) => [length >>> 24, (length >>> 16) & 255, (length >>> 8) & 255, length & 255];

/** A connection that has said hello, watched as every one of a torrent is. */
function connect() {
  const fake = new FakeTorrent();
  new SourceGuard({ torrent: fake.torrent as Torrent, banned: new Set(), onBan: () => undefined });
  const wire = new RealWire();
  wire.on('error', () => undefined);
  wire.write(HANDSHAKE);
  fake.emit('wire', wire);
  return wire;
}

/** What the page would see as an error of its own. */
let thrown: unknown[] = [];
const note = (error: unknown) => thrown.push(error);
beforeEach(() => {
  thrown = [];
  process.on('uncaughtException', note);
});
afterEach(() => {
  process.off('uncaughtException', note);
});

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

describe('a hostile peer of a torrent', () => {
  it('breaks nothing but its own connection by garbage, whatever its kind and length', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(255), fc.uint8Array({ maxLength: 40 }), async (kind, rest) => {
        const wire = connect();
        await settled();
        wire.write(message([kind], rest));
        await settled();
        expect(thrown).toEqual([]);
        wire.destroy();
      }),
      { numRuns: 400 },
    );
  });

  it('breaks nothing by a stream that is garbage from its first byte', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (bytes) => {
        const wire = connect();
        await settled();
        wire.write(bytes);
        await settled();
        expect(thrown).toEqual([]);
        wire.destroy();
      }),
      { numRuns: 200 },
    );
  });

  it.each([0x7fffffff, 1024 * 1024 + 1])('is gone when it announces %d bytes', async (length) => {
    const wire = connect();
    await settled();
    wire.write(Uint8Array.from([...lengthOf(length), 7]));
    await settled();
    expect(wire.destroyed).toBe(true);
    expect(thrown).toEqual([]);
  });

  it.each([
    'd1:mi5ee',
    'd1:mle',
    'd1:md1:xd1:ai1eeee',
    'd1:md9:__proto__i1eee',
    'd1:md11:ut_metadatai3ee13:metadata_sizei99999999999ee',
    'd1:md11:ut_metadatai-1ee13:metadata_sizei-5ee',
    'i5e',
    'le',
    'de',
    `${'l'.repeat(50_000)}`,
    '99999999999:x',
  ])('breaks nothing by an extended handshake that says %s', async (said) => {
    const wire = connect();
    await settled();
    wire.write(message([20, 0], new TextEncoder().encode(said)));
    wire.write(message([20, 1], new TextEncoder().encode(said)));
    await settled();
    expect(thrown).toEqual([]);
    expect(({} as { x?: unknown }).x).toBeUndefined();
    wire.destroy();
  });

  it('claims no more pieces than a bitfield may have', async () => {
    const wire = connect();
    await settled();
    for (const piece of [0xffffffff, 0x7fffffff, 1e8]) wire.write(message([4], lengthOf(piece)));
    await settled();
    const { buffer } = wire.peerPieces as unknown as { readonly buffer: Uint8Array };
    expect(buffer.length).toBeLessThanOrEqual(64 * 1024);
    expect(thrown).toEqual([]);
    wire.destroy();
  });
});
