import * as comlink from 'comlink';
import { LocalStoreThread } from '../src/store/store-thread.ts';
import type { StoreWorkerApi } from './store-contract.ts';
import { installErrorTransfer } from './worker-errors.ts';

installErrorTransfer();

const thread = new LocalStoreThread();
const jobs = new Map<number, AbortController>();

const api: StoreWorkerApi = {
  write: (infoHash, pieces) => thread.write(infoHash, pieces),
  async hash(job, shard, pieceLength, maxBytes) {
    const controller = new AbortController();
    jobs.set(job, controller);
    try {
      const limits = maxBytes === undefined ? {} : { maxBytes };
      return await thread.hash(shard, pieceLength, { signal: controller.signal, ...limits });
    } finally {
      jobs.delete(job);
    }
  },
  abort: (job) => jobs.get(job)?.abort(),
};

comlink.expose(api);
