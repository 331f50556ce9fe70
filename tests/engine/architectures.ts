import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { LayerRunner } from '../../src/engine/layer-runner.ts';
import { GraphInterpreter } from '../fixtures/graph-interpreter.ts';
import { FORTY_IDS, TINY_ARCHITECTURES } from '../fixtures/tiny-architectures.ts';
import { makeTinyModel } from '../fixtures/tiny-model.ts';
import { splitBytes } from '../support/shard-readers.ts';
import { LAST, type OpenRunner, TestRoute } from './fixture.ts';

/** f32 sums of a few hundred terms, three layers deep; logits are of size 1. */
const TOLERANCE = 2e-4;
/** Activations in blocks rounded to 16 bits. */
const ROUNDED_TOLERANCE = 5e-3;

/**
 * Holds a runner to the float64 interpreter of each architecture's graph, whole and split.
 * @param rounds - whether it rounds activations: only architectures with weights in blocks are looked at then
 */
export function testArchitectures(openRunner: OpenRunner, rounds = false): void {
  const runners: LayerRunner[] = [];
  afterEach(() => Promise.all(runners.splice(0).map((runner) => runner.close())));

  const architectures = TINY_ARCHITECTURES.filter(([, { type }]) => !rounds || type !== undefined);
  describe.each(architectures)('%s', (_, options) => {
    const bytes = makeTinyModel(options);
    let expected: Float64Array[];
    beforeAll(async () => {
      expected = (await GraphInterpreter.open(bytes)).logits(FORTY_IDS);
    });

    it.each([1, 2, 3])('in %i shards gives the interpreter’s logits at 40 positions', async (shardCount) => {
      const model = await splitBytes(bytes, shardCount);
      const stages = await Promise.all(model.readers.map((_, index) => openRunner(model, [index])));
      runners.push(...stages);
      const bounds = [0, ...model.readers.map(({ shard }) => shard.layers.end)];
      const route = await TestRoute.open(stages, bounds);
      const wantedIds = Uint32Array.from({ length: model.hyperparameters.vocabularySize }, (_, id) => id);
      const rows = await route.feedAll(FORTY_IDS, { ...LAST, wantedIds });
      for (const [position, { wantedLogits }] of rows.entries()) {
        const worst = Math.max(...expected[position]!.map((logit, id) => Math.abs(logit - wantedLogits[id]!)));
        expect(worst, `position ${position}`).toBeLessThan(rounds ? ROUNDED_TOLERANCE : TOLERANCE);
      }
    });
  });
}
