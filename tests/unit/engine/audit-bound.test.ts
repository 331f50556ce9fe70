import { describe, expect, it } from 'vitest';
import { nodeHost } from '../../../src/cpu/node-host.ts';
import { createCpuRunner } from '../../../src/engine/cpu/cpu-runner.ts';
import type { TensorTypeName } from '../../../src/gguf/tensor-types.ts';
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
  /** How far a stage is from an honest one, in bounds. The same values, rounded by either type. */
  async function boundsBetween(promised: TensorTypeName, served: TensorTypeName): Promise<number> {
    const rowsOf = async (type: TensorTypeName) => {
      const model = await splitBytes(makeTinyModel({ type, width: 64, feedForwardWidth: 128 }), 1);
      const runner = await opener((options) => createCpuRunner({ host: nodeHost, ...options }))(model);
      const { width } = runner.hyperparameters;
      const layers = { start: 1, end: 3 };
      await runner.openSession({ session: 'a', layers, maxTokens: 8 });
      const input = { dtype: 'f32' as const, hidden: normals(seededRandom(3), 8 * width, 1) };
      const { hidden } = await runner.execute({ session: 'a', layers, position: 0, input });
      await runner.close();
      return { hidden: hidden!, width };
    };
    const [honest, coarse] = await Promise.all([rowsOf(promised), rowsOf(served)]);
    const bounds = rowDifference(honest.hidden, coarse.hidden, honest.width) / MAX_DIFFERENCE;
    console.log(`${promised} as ${served}: ${bounds.toFixed(1)} bounds`);
    return bounds;
  }

  it.each([
    ['Q8_0', 'Q4_0'],
    ['Q8_0', 'Q4_1'],
    ['Q4_1', 'Q4_0'],
  ] as const)('computes %s as %s, and is ten bounds away', async (promised, served) => {
    expect(await boundsBetween(promised, served)).toBeGreaterThan(10);
  });

  // Measured: 2.4 bounds. Eight bits a weight lose so little that a model with other weights may hide it.
  it('computes F16 as Q8_0, and is less than ten bounds away', async () => {
    expect(await boundsBetween('F16', 'Q8_0')).toBeLessThan(10);
  });
});
