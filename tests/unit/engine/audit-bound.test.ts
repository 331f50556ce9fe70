import { describe } from 'vitest';
import { nodeHost } from '../../../src/cpu/node-host.ts';
import { createCpuRunner } from '../../../src/engine/cpu/cpu-runner.ts';
import { testAuditBound } from '../../engine/audit-bound.ts';
import { opener } from '../../engine/fixture.ts';
import { openFileSource, splitModel } from '../../support/shard-readers.ts';

describe('the bound of checks, exact products beside those of 16 bits', () => {
  testAuditBound(async () => {
    const model = await splitModel(await openFileSource('models_cache/SmolLM2-135M-Instruct.Q4_1.gguf'), 4);
    const open = (precision: 'i16' | 'exact') =>
      opener((options) => createCpuRunner({ host: nodeHost, precision, ...options }))(model);
    return Promise.all([open('i16'), open('exact')]);
  });
});
