import * as comlink from 'comlink';
import { ShoalError } from '../src/core/errors.ts';
import type { LayerRunner } from '../src/engine/layer-runner.ts';
import { createWebGpuRunner } from '../src/engine/webgpu-runner.ts';
import { IdbShardReader } from '../src/store/idb-shard-reader.ts';
import type { GpuWorkerApi } from './gpu-contract.ts';
import { installErrorTransfer } from './worker-errors.ts';

installErrorTransfer();

let runner: LayerRunner | undefined;
let load: AbortController | undefined;

function require(): LayerRunner {
  if (!runner) throw new ShoalError('internal', 'The GPU worker was asked before it was started.');
  return runner;
}

const api: GpuWorkerApi = {
  async start(hyperparameters) {
    if (!navigator.gpu)
      throw new ShoalError(
        'no-webgpu',
        'This browser has no WebGPU. Open the page in a current Chrome or Edge, or join as a guest.',
      );
    runner = await createWebGpuRunner({ gpu: navigator.gpu, hyperparameters });
    return runner.info;
  },
  async loadShard(shard, pieceLength, onProgress) {
    load = new AbortController();
    await require().loadShard(new IdbShardReader(shard, pieceLength), { signal: load.signal, onProgress });
  },
  abortLoad: () => load?.abort(),
  unloadShard: (index) => require().unloadShard(index),
  openSession: (options) => require().openSession(options),
  truncateSession: (session, position) => require().truncateSession(session, position),
  closeSession: (session) => require().closeSession(session),
  async execute(task) {
    const output = await require().execute(task);
    return output.hidden ? comlink.transfer(output, [output.hidden.buffer]) : output;
  },
  freeTokens: () => require().freeTokens(),
  lost: () => require().lost,
  close: async () => runner?.close(),
};

comlink.expose(api);
