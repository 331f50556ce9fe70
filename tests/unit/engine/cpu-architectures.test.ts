import { describe } from 'vitest';
import { nodeHost } from '../../../src/cpu/node-host.ts';
import { createCpuRunner } from '../../../src/engine/cpu/cpu-runner.ts';
import { testArchitectures } from '../../engine/architectures.ts';
import { opener } from '../../engine/fixture.ts';

describe('architectures on the processor', () => {
  testArchitectures(opener((options) => createCpuRunner({ host: nodeHost, precision: 'exact', ...options })));
});

describe('architectures on the processor, rounded', () => {
  testArchitectures(
    opener((options) => createCpuRunner({ host: nodeHost, precision: 'i16', threads: 2, ...options })),
    true,
  );
});
