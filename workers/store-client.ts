import * as comlink from 'comlink';
import { ShoalError } from '../src/core/errors.ts';
import type { StoreThread } from '../src/store/store-thread.ts';
import type { StoreWorkerApi } from './store-contract.ts';
import { installErrorTransfer, rejectWhenDead } from './worker-errors.ts';

let remote: comlink.Remote<StoreWorkerApi> | undefined;
let jobs = 0;

/** The store's worker, which is started by the first call and again after its death. */
export const storeThread: StoreThread = {
  write: (infoHash, pieces) => startedWorker().write(infoHash, pieces),

  async hash(shard, pieceLength, { maxBytes, signal } = {}) {
    if (signal?.aborted) throw new ShoalError('aborted', `Checking ${shard.fileName} was cancelled.`);
    const api = startedWorker();
    const job = jobs++;
    // A dead worker has nothing to abort.
    const abort = () => void api.abort(job).catch(() => undefined);
    signal?.addEventListener('abort', abort);
    try {
      return await api.hash(job, shard, pieceLength, maxBytes);
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  },
};

function startedWorker(): comlink.Remote<StoreWorkerApi> {
  if (!remote) {
    installErrorTransfer();
    const worker = new Worker(new URL('./store.worker.ts', import.meta.url), { type: 'module', name: 'store' });
    worker.addEventListener('error', () => {
      remote = undefined;
    });
    remote = rejectWhenDead(worker, comlink.wrap<StoreWorkerApi>(worker));
  }
  return remote;
}
