import * as comlink from 'comlink';
import { ShoalError } from '../src/core/errors.ts';
import type { HubRefusal } from '../src/store/hub/hub-thread.ts';
import type { FetchedRun, StoreThread } from '../src/store/idb/store-thread.ts';
import { startWorker } from './start-worker.ts';
import type { StoreWorkerApi } from './store-contract.ts';
import { installErrorTransfer, rejectWhenDead } from './worker-errors.ts';
import { hearLog } from './worker-log.ts';

let remote: comlink.Remote<StoreWorkerApi> | undefined;
let jobs = 0;

/** The store's worker, which is started by the first call and again after its death. */
export const storeThread: StoreThread = {
  write: (infoHash, pieces) => startedWorker().write(infoHash, pieces),
  fetch: (run, signal) => abortable((api, job) => api.fetch(job, run), signal),
  fetchFromHub: (run, signal) => abortable<FetchedRun | HubRefusal>((api, job) => api.fetchFromHub(job, run), signal),
  takeAside: (shard, pieceLength, signal) => abortable((api, job) => api.takeAside(job, shard, pieceLength), signal),
  hash: (shard, pieceLength, { maxBytes, signal } = {}) =>
    abortable((api, job) => api.hash(job, shard, pieceLength, maxBytes), signal),
};

/** Makes a call that ends when the signal fires. */
async function abortable<Result>(
  call: (api: comlink.Remote<StoreWorkerApi>, job: number) => Promise<Result>,
  signal: AbortSignal | undefined,
): Promise<Result> {
  if (signal?.aborted) throw new ShoalError('aborted', 'What the store did was cancelled.');
  const api = startedWorker();
  const job = jobs++;
  // A dead worker has nothing to abort.
  const abort = () => void api.abort(job).catch(() => undefined);
  signal?.addEventListener('abort', abort);
  try {
    return await call(api, job);
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

function startedWorker(): comlink.Remote<StoreWorkerApi> {
  if (!remote) {
    installErrorTransfer();
    const worker = startWorker('store');
    worker.addEventListener('error', () => {
      remote = undefined;
    });
    hearLog(worker);
    remote = rejectWhenDead(worker, comlink.wrap<StoreWorkerApi>(worker));
  }
  return remote;
}
