import * as comlink from 'comlink';
import { ShoalError } from '../src/core/errors.ts';
import { Lazy } from '../src/core/lazy.ts';
import type { KeptSessions } from '../src/engine/kept-sessions.ts';
import type { LayerRunner } from '../src/engine/layer-runner.ts';
import type { SessionPages } from '../src/engine/session-pages.ts';
import type { Hyperparameters } from '../src/model/hyperparameters.ts';
import type { ManifestShard } from '../src/protocol/manifest.ts';
import { openCheckedReader } from '../src/store/idb/idb-shard-reader.ts';
import type { ShardReader } from '../src/store/shard-store.ts';
import type { RemoteRead, RunnerWorkerApi } from './runner-contract.ts';
import { installErrorTransfer } from './worker-errors.ts';
import { tellLog } from './worker-log.ts';

/** Reads through the page. A signal cannot cross to it: a load looks at its own between two reads. */
function remoteReader(shard: ManifestShard, read: RemoteRead): ShardReader & { close(): void } {
  return { shard, read: (offset, length) => read(offset, length), close: () => undefined };
}

/** Makes this worker a runner's. To be called once, as the worker starts. @param create - makes the runner */
export function serveRunner(
  create: (hyperparameters: Hyperparameters, threads: number | undefined) => Promise<LayerRunner & SessionPages>,
): void {
  installErrorTransfer();
  tellLog();
  let runner: (LayerRunner & SessionPages) | undefined;
  /** Loads under way, by shard. */
  const loads = new Map<number, AbortController>();
  const require = (): LayerRunner & SessionPages => {
    if (!runner) throw new ShoalError('internal', 'The worker was asked before it was started.');
    return runner;
  };
  /** Its code comes with the first checkpoint. */
  const checkpoints = new Lazy(() => openCheckpoints(require()));
  const api: RunnerWorkerApi = {
    async start(hyperparameters, threads) {
      runner = await create(hyperparameters, threads);
      return runner.info;
    },
    async loadShard(shard, pieceLength, onProgress, read) {
      const load = new AbortController();
      loads.set(shard.index, load);
      const { signal } = load;
      try {
        const reader = read ? remoteReader(shard, read) : await openCheckedReader(shard, pieceLength);
        await require()
          .loadShard(reader, { signal, onProgress })
          .finally(() => reader.close());
      } finally {
        if (loads.get(shard.index) === load) loads.delete(shard.index);
      }
    },
    abortLoad: (index) => loads.get(index)?.abort(),
    unloadShard: (index) => require().unloadShard(index),
    openSession: (options) => require().openSession(options),
    truncateSession: (session, position) => require().truncateSession(session, position),
    async closeSession(session) {
      await require().closeSession(session);
      (await checkpoints.begun?.catch(() => undefined))?.release(session);
    },
    async execute(task) {
      const output = await require().execute(task);
      return output.hidden ? comlink.transfer(output, [output.hidden.buffer]) : output;
    },
    async executeBatch(tasks) {
      const results = await require().executeBatch(tasks);
      const buffers = results.flatMap((result) => ('hidden' in result ? [result.hidden.buffer] : []));
      return comlink.transfer(results, buffers);
    },
    beginCheckpoint: async (session, name, wanted) => (await checkpoints.get()).begin(session, name, wanted),
    writeCheckpoint: async (session) => (await checkpoints.get()).writeNext(session),
    restoreCheckpoint: async (session, name) => (await checkpoints.get()).restore(session, name),
    deleteCheckpoint: async (name) => (await checkpoints.get()).delete(name),
    freeTokens: () => require().freeTokens(),
    lost: () => require().lost,
    close: async () => runner?.close(),
  };

  comlink.expose(api);
}

async function openCheckpoints(runner: SessionPages): Promise<KeptSessions> {
  const [{ KeptSessions }, { CheckpointDatabase }] = await Promise.all([
    import('../src/engine/kept-sessions.ts'),
    import('../src/store/idb/checkpoint-database.ts'),
  ]);
  return new KeptSessions(runner, new CheckpointDatabase());
}
