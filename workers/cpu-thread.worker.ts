import { serveKernels } from './serve-kernels.ts';

serveKernels();
