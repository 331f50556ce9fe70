import * as comlink from 'comlink';
import { ShoalError } from '../src/core/errors.ts';
import type { HashShard } from '../src/store/hash-shard.ts';
import type { StoreWorkerApi } from './store-contract.ts';
import { installErrorTransfer, rejectWhenDead } from './worker-errors.ts';

let remote: comlink.Remote<StoreWorkerApi> | undefined;
let jobs = 0;

/** Hashes a stored shard in the store worker, which is started by the first call and again after its death. */
export const hashShard: HashShard = async (shard, pieceLength, { signal } = {}) => {
  if (signal?.aborted) throw new ShoalError('aborted', `Checking ${shard.fileName} was cancelled.`);
  const api = startedWorker();
  const job = jobs++;
  // A dead worker has nothing to abort.
  const abort = () => void api.abort(job).catch(() => undefined);
  signal?.addEventListener('abort', abort);
  try {
    return await api.hashShard(job, shard, pieceLength);
  } finally {
    signal?.removeEventListener('abort', abort);
  }
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
