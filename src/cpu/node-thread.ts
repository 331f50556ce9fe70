// A thread of the kernels in Node.
import { parentPort, workerData } from 'node:worker_threads';
import { instantiateKernels } from './instance.ts';
import { serveThread, type ThreadStart } from './thread.ts';

const start = workerData as ThreadStart;
const exports = await instantiateKernels(start.module, start.memory);
parentPort!.postMessage('ready');
serveThread(exports, start);
