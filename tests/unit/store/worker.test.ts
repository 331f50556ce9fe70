import { MessageChannel } from 'node:worker_threads';
import * as comlink from 'comlink';
import { afterEach, describe, expect, it } from 'vitest';
import { ShoalError } from '../../../src/core/errors.ts';
import { installErrorTransfer, rejectWhenDead } from '../../../workers/worker-errors.ts';

interface Api {
  fail(code: 'shard-missing' | 'plain' | 'text'): string;
  hang(): Promise<string>;
  double(value: number): number;
}

const api: Api = {
  fail: (code) => {
    if (code === 'plain') throw new TypeError('x is undefined');
    if (code === 'text') throw 'just text';
    throw new ShoalError(code, 'Piece 3 is not stored.');
  },
  hang: () => new Promise(() => undefined),
  double: (value) => 2 * value,
};

/** What a page sees of a worker: both ends of a channel in this thread. */
class FakeWorker extends EventTarget {
  readonly port: MessagePort;
  readonly #close: () => void;

  constructor() {
    super();
    const { port1, port2 } = new MessageChannel();
    this.port = port1 as unknown as MessagePort;
    comlink.expose(api, port2 as unknown as comlink.Endpoint);
    port2.start();
    port1.start();
    this.#close = () => port1.close();
    open.push(this);
  }

  terminate(): void {
    this.#close();
  }
}

const open: FakeWorker[] = [];
afterEach(() => {
  for (const worker of open.splice(0)) worker.terminate();
});

function connect() {
  installErrorTransfer();
  const fake = new FakeWorker();
  const worker = fake as unknown as Worker;
  return { worker, remote: rejectWhenDead(worker, comlink.wrap<Api>(fake.port)) };
}

describe('a call to a worker', () => {
  it('gives its result', async () => {
    expect(await connect().remote.double(21)).toBe(42);
  });

  it('fails with the code and the message of the worker', async () => {
    const { remote } = connect();
    const error = await remote.fail('shard-missing').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ShoalError);
    expect(error).toMatchObject({ code: 'shard-missing', message: 'Piece 3 is not stored.' });
    await expect(remote.fail('plain')).rejects.toMatchObject({ code: 'internal', message: 'x is undefined' });
    await expect(remote.fail('text')).rejects.toMatchObject({ code: 'internal', message: 'just text' });
  });

  it('fails when the worker dies meanwhile, and so do later ones', async () => {
    const { worker, remote } = connect();
    const pending = remote.hang();
    worker.dispatchEvent(Object.assign(new Event('error'), { message: 'out of memory' }));
    await expect(pending).rejects.toMatchObject({ code: 'internal' });
    await expect(pending).rejects.toThrow(/out of memory/);
    await expect(remote.double(1)).rejects.toThrow(/out of memory/);
  });

  it('fails when the worker is stopped meanwhile', async () => {
    const { worker, remote } = connect();
    const pending = remote.hang();
    worker.terminate();
    await expect(pending).rejects.toThrow(/it was stopped/);
  });

  it('is made on an object that can be awaited itself', async () => {
    const { remote } = connect();
    const awaited = await Promise.resolve(remote);
    expect(await awaited.double(2)).toBe(4);
  });
});
