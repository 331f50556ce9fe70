import { describe } from 'vitest';
import { nodeHost } from '../../../src/cpu/node-host.ts';
import { createCpuRunner } from '../../../src/engine/cpu/cpu-runner.ts';
import { GREEDY_CASES, testDefaultModel } from '../../engine/default-model.ts';
import { opener } from '../../engine/fixture.ts';

describe.each(['i16', 'exact'] as const)('with activations %s', (precision) => {
  testDefaultModel(
    opener((options) => createCpuRunner({ host: nodeHost, precision, ...options })),
    GREEDY_CASES,
  );
});
