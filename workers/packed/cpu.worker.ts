import './quiet.ts';
import { serveCpu } from '../serve-cpu.ts';
import { serveKernels } from '../serve-kernels.ts';

/** Threads are started by this name from the same file: a bundler that has copied one need not find another. */
const THREAD = 'cpu thread';

if (self.name === THREAD) serveKernels();
else serveCpu(() => new Worker(self.location.href, { type: 'module', name: THREAD }));
