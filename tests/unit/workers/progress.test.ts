import { MessageChannel } from 'node:worker_threads';
import * as comlink from 'comlink';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Hyperparameters } from '../../../src/model/hyperparameters.ts';
import type { Manifest, ManifestShard } from '../../../src/protocol/manifest.ts';
import type { ShardStore } from '../../../src/store/shard-store.ts';
import { ShardKeeper } from '../../../src/swarm/shards/shard-keeper.ts';
import { withProgress } from '../../../workers/call-progress.ts';
import { createWorkerRunner } from '../../../workers/runner-client.ts';
import type { RunnerWorkerApi } from '../../../workers/runner-contract.ts';

const shard = { index: 0, infoHash: 'a', fileName: 'shard-0.gguf', sizeBytes: 100 } as ManifestShard;
const manifest = { shards: [shard], pieceLength: 100, hyperparameters: {} } as unknown as Manifest;

/** A port's message takes so long in this test, and the answer's no time. */
const LATE_MS = 20;
const late = () => new Promise((resolve) => setTimeout(resolve, LATE_MS));

/** Tells its progress on the callback's own port once the answer is there, as Firefox delivers it. */
const api: Partial<RunnerWorkerApi> = {
  start: async () => ({
    kind: 'cpu',
    adapter: 'fake',
    software: true,
    maxBufferBytes: 1,
    maxWeightBytes: 1,
    maxTaskTokens: 1,
  }),
  loadShard: async (_shard, _pieceLength, onProgress) => {
    onProgress(50);
    setTimeout(() => onProgress(99), LATE_MS / 2);
  },
  freeTokens: () => 0,
  lost: () => new Promise(() => undefined),
};

let ports: { close(): void }[] = [];

beforeEach(() => {
  const { port1, port2 } = new MessageChannel();
  comlink.expose(api, port2 as unknown as comlink.Endpoint);
  const worker = Object.assign(port1, { terminate: () => port1.close() });
  ports = [port1, port2];
  for (const port of [port1, port2]) port.start();
  vi.stubGlobal('Worker', function FakeWorker() {
    return worker;
  });
});

afterEach(() => {
  for (const port of ports) port.close();
  vi.unstubAllGlobals();
});

const createRunner = (hyperparameters: Hyperparameters) =>
  createWorkerRunner({ kind: 'cpu', reason: 'a test' }, hyperparameters, manifest.pieceLength);

describe('progress that a worker tells after its answer', () => {
  it('is not heard', async () => {
    const told: number[] = [];
    const runner = await createRunner(manifest.hyperparameters);
    await runner.loadShard({ shard, read: vi.fn() }, { onProgress: (bytes) => told.push(bytes) });
    const before = [...told];
    await late();
    expect(told).toEqual(before);
    expect(told).not.toContain(99);
  });

  it('leaves a shard that is ready what it is', async () => {
    const keeper = new ShardKeeper({
      manifest,
      store: {
        isComplete: async () => true,
        obtain: async () => undefined,
        onTransfer: () => () => undefined,
        onLost: () => () => undefined,
      } as unknown as ShardStore,
      originOf: () => ({ shard, fetchTorrent: async () => undefined }),
      readerOf: () => ({ shard, read: vi.fn() }),
      createRunner,
      onRunner: () => undefined,
    });
    await keeper.serve(0);
    expect(keeper.status(0).phase).toBe('ready');
    await late();
    expect(keeper.status(0).phase).toBe('ready');
  });
});

describe('progress of a call', () => {
  it('goes forward only', async () => {
    const told: number[] = [];
    await withProgress(
      (done) => told.push(done),
      async (progress) => {
        for (const done of [1, 3, 2, 3, 4]) progress(done);
      },
    );
    expect(told).toEqual([1, 3, 4]);
  });

  it('is not told after a failure', async () => {
    const told: number[] = [];
    let kept: ((done: number) => void) | undefined;
    const call = withProgress(
      (done) => told.push(done),
      async (progress) => {
        kept = progress;
        throw new Error('no');
      },
    );
    await expect(call).rejects.toThrow('no');
    kept!(1);
    expect(told).toEqual([]);
  });
});
