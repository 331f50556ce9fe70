import * as comlink from 'comlink';
import { LocalStoreThread } from '../src/store/idb/store-thread.ts';
import type { StoreWorkerApi } from './store-contract.ts';
import { installErrorTransfer } from './worker-errors.ts';
import { tellLog } from './worker-log.ts';

installErrorTransfer();
tellLog();

const thread = new LocalStoreThread();
const jobs = new Map<number, AbortController>();

/** Runs a call that `abort` can end. */
async function abortable<Result>(job: number, run: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const controller = new AbortController();
  jobs.set(job, controller);
  try {
    return await run(controller.signal);
  } finally {
    jobs.delete(job);
  }
}

const api: StoreWorkerApi = {
  write: (infoHash, pieces) => thread.write(infoHash, pieces),
  fetch: (job, run) => abortable(job, (signal) => thread.fetch(run, signal)),
  fetchFromHub: (job, run) => abortable(job, (signal) => thread.fetchFromHub(run, signal)),
  takeAside: (job, shard, pieceLength) => abortable(job, (signal) => thread.takeAside(shard, pieceLength, signal)),
  hash: (job, shard, pieceLength, maxBytes) =>
    abortable(job, (signal) =>
      thread.hash(shard, pieceLength, { signal, ...(maxBytes === undefined ? {} : { maxBytes }) }),
    ),
  abort: (job) => jobs.get(job)?.abort(),
};

comlink.expose(api);
