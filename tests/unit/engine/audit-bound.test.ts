import { describe, expect, it } from 'vitest';
import { nodeHost } from '../../../src/cpu/node-host.ts';
import { createCpuRunner } from '../../../src/engine/cpu/cpu-runner.ts';
import { MAX_DIFFERENCE, rowDifference } from '../../../src/swarm/coordinator/compare-rows.ts';
import { testAuditBound } from '../../engine/audit-bound.ts';
import { opener } from '../../engine/fixture.ts';
import { testHonestAudits } from '../../engine/honest-audits.ts';
import { normals, seededRandom } from '../../fixtures/random.ts';
import { makeTinyModel } from '../../fixtures/tiny-model.ts';
import { openFileSource, splitBytes, splitModel } from '../../support/shard-readers.ts';

describe('the bound of checks, exact products beside those of 16 bits', () => {
  const open = async () => {
    const model = await splitModel(await openFileSource('models_cache/SmolLM2-135M-Instruct.Q4_1.gguf'), 4);
    const runnerOf = (precision: 'i16' | 'exact') =>
      opener((options) => createCpuRunner({ host: nodeHost, precision, ...options }))(model);
    return Promise.all([runnerOf('i16'), runnerOf('exact')]);
  };
  testAuditBound(open);
  testHonestAudits(open, { margin: 4 });
});

describe('a stage whose weights are coarser than the manifest says', () => {
  it.each([
    ['Q8_0', 'Q4_0'],
    ['Q8_0', 'Q4_1'],
    ['Q4_1', 'Q4_0'],
  ] as const)('computes %s as %s, and is ten bounds away', async (promised, served) => {
    const runnerOf = async (type: typeof promised | typeof served) => {
      // The same values, rounded by either.
      const model = await splitBytes(makeTinyModel({ type, width: 64, feedForwardWidth: 128 }), 1);
      return opener((options) => createCpuRunner({ host: nodeHost, ...options }))(model);
    };
    const [honest, coarse] = await Promise.all([runnerOf(promised), runnerOf(served)]);
    const { width } = honest.hyperparameters;
    const hidden = normals(seededRandom(3), 8 * width, 1);
    const rowsOf = async (runner: typeof honest) => {
      const layers = { start: 1, end: 3 };
      await runner.openSession({ session: 'a', layers, maxTokens: 8 });
      const input = { dtype: 'f32' as const, hidden: hidden.slice() };
      return (await runner.execute({ session: 'a', layers, position: 0, input })).hidden!;
    };
    const difference = rowDifference(await rowsOf(honest), await rowsOf(coarse), width);
    console.log(`${promised} as ${served}: ${(difference / MAX_DIFFERENCE).toFixed(1)} bounds`);
    expect(difference).toBeGreaterThan(10 * MAX_DIFFERENCE);
  });
});
