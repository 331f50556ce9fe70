import { nodeHost } from '../../../src/cpu/node-host.ts';
import { createCpuRunner } from '../../../src/engine/cpu/cpu-runner.ts';
import { opener } from '../../engine/fixture.ts';
import { testReferenceModel } from '../../engine/reference-model.ts';

const open = opener((options) => createCpuRunner({ host: nodeHost, precision: 'exact', ...options }));

// Its tensors are Q5_0, Q8_0, Q6_K and Q4_K.
testReferenceModel('qwen2.5-coder-0.5b', open);
