import * as comlink from 'comlink';
import { hashStoredShard } from '../src/store/hash-shard.ts';
import type { StoreWorkerApi } from './store-contract.ts';
import { installErrorTransfer } from './worker-errors.ts';

installErrorTransfer();

const jobs = new Map<number, AbortController>();

const api: StoreWorkerApi = {
  async hashShard(job, shard, pieceLength) {
    const controller = new AbortController();
    jobs.set(job, controller);
    try {
      return await hashStoredShard(shard, pieceLength, { signal: controller.signal });
    } finally {
      jobs.delete(job);
    }
  },
  abort: (job) => jobs.get(job)?.abort(),
};

comlink.expose(api);
