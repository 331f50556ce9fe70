import type { WorkerRequest, WorkerResponse } from '@mlc-ai/web-llm';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { type EngineHost, hostEngine, type PageHandler } from '../../../src/library/web-llm/engine-host.ts';
import { MovedEngine } from '../../../src/library/web-llm/moved-engine.ts';
import { PageWorker } from '../../../src/library/web-llm/page-worker.ts';

const ASK = { kind: 'getMessage', content: {} } as const;
const hosts: EngineHost[] = [];

afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(hosts.splice(0).map((host) => host.close()));
});

/** A page that answers each request with its name, or keeps it. */
function openPage(name: string, answers = true) {
  const asked: WorkerRequest[] = [];
  const handler: PageHandler = {
    postMessage: () => undefined,
    onmessage(request) {
      asked.push(request);
      if (answers) handler.postMessage({ kind: 'return', uuid: request.uuid, content: name });
    },
  };
  const engine = new MovedEngine(() => Promise.reject(new Error('is not opened here')));
  const host = hostEngine(handler, engine);
  hosts.push(host);
  return { host, asked, handler };
}

function startWorker() {
  const worker = new PageWorker();
  const responses: WorkerResponse[] = [];
  worker.onmessage = (response) => responses.push(response);
  const ask = (uuid: string) => worker.postMessage({ ...ASK, uuid });
  const heard = (...expected: unknown[]) => expect.poll(() => responses).toEqual(expected);
  return { worker, ask, heard };
}

const told = (uuid: string, content: string) => ({ kind: 'return', uuid, content });
const failed = (uuid: string, words: string) => ({ kind: 'throw', uuid, content: expect.stringContaining(words) });

describe("a service worker's engine in a page", () => {
  test('is the first page, and the next one when that is gone', async () => {
    const { ask, heard } = startWorker();
    const first = openPage('first');
    const second = openPage('second');
    ask('a');
    await heard(told('a', 'first'));
    await first.host.close();
    ask('b');
    await heard(told('a', 'first'), told('b', 'second'));
    expect(second.asked).toHaveLength(1);
  });

  test('is waited for', async () => {
    const { ask, heard } = startWorker();
    ask('a');
    openPage('late');
    await heard(told('a', 'late'));
  });

  test('fails what a page that is gone was asked, and nothing else', async () => {
    const { ask, heard } = startWorker();
    const silent = openPage('silent', false);
    ask('a');
    await expect.poll(() => silent.asked).toHaveLength(1);
    await silent.host.close();
    await heard(failed('a', 'was closed'));
    openPage('next');
    ask('b');
    await heard(failed('a', 'was closed'), told('b', 'next'));
  });

  test('fails with what to do where no page has it', async () => {
    vi.useFakeTimers();
    const { ask, heard } = startWorker();
    ask('a');
    vi.advanceTimersByTime(30_000);
    vi.useRealTimers();
    await heard(failed('a', 'overShoal'));
  });

  test('tells progress, and no answer to what was not asked', async () => {
    const { ask, heard } = startWorker();
    const { handler } = openPage('first');
    ask('a');
    await heard(told('a', 'first'));
    handler.postMessage({ kind: 'return', uuid: 'of another worker', content: 'x' });
    const progress = {
      kind: 'initProgressCallback' as const,
      uuid: '',
      content: { progress: 1, timeElapsed: 0, text: '' },
    };
    handler.postMessage(progress);
    await heard(told('a', 'first'), progress);
  });

  test('does not carry what a page does not answer', async () => {
    const { worker, ask, heard } = startWorker();
    const { asked } = openPage('first');
    worker.postMessage({ kind: 'setLogLevel', uuid: 'log', content: 'INFO' });
    ask('a');
    await heard(told('a', 'first'));
    expect(asked).toHaveLength(1);
  });

  test('is no page that was closed before its turn', async () => {
    const { ask, heard } = startWorker();
    const first = openPage('first');
    const second = openPage('second');
    ask('a');
    await heard(told('a', 'first'));
    await second.host.close();
    openPage('third');
    await first.host.close();
    ask('b');
    await heard(told('a', 'first'), told('b', 'third'));
  });

  test('ends a stream that nobody reads on', async () => {
    const { worker, heard } = startWorker();
    const { asked, handler } = openPage('first', false);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const next = (uuid: string) =>
      worker.postMessage({ kind: 'completionStreamNextChunk', uuid, content: { streamId: 'stream' } });
    const answer = async (uuid: string) => {
      await vi.waitFor(() => expect(asked.at(-1)!.uuid).toBe(uuid));
      handler.postMessage({ kind: 'return', uuid, content: 'a part' });
    };
    next('a');
    await answer('a');
    vi.advanceTimersByTime(80_000);
    next('b');
    await answer('b');
    vi.advanceTimersByTime(80_000);
    expect(asked).toHaveLength(2);
    vi.advanceTimersByTime(20_000);
    expect(asked.at(-1)).toMatchObject({ kind: 'completionStreamReturn', content: { streamId: 'stream' } });
    vi.useRealTimers();
    await heard(told('a', 'a part'), told('b', 'a part'));
  });
});
