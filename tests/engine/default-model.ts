import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LayerRunner } from '../../src/engine/layer-runner.ts';
import reference from '../reference/smollm2-135m-q4_1.json' with { type: 'json' };
import { openFileSource, splitModel } from '../support/shard-readers.ts';
import { LAST, type OpenRunner, TestRoute } from './fixture.ts';

const FILE = 'models_cache/SmolLM2-135M-Instruct.Q4_1.gguf';
const tolerances = reference.header.tolerances['float32 weights path, float32 activations and KV'];
/** Those without a near tie. */
export const GREEDY_CASES = reference.greedy.filter((greedy) => !('nearTie' in greedy));

if (!existsSync(FILE)) throw new Error(`${FILE} is missing. "npm start" fetches it.`);

/** Holds a runner to the reference of the default model. @param greedyCases - whose text is compared */
export function testDefaultModel(openRunner: OpenRunner, greedyCases: typeof GREEDY_CASES): void {
  let runner: LayerRunner;
  let route: TestRoute;
  let close: () => Promise<void>;
  beforeAll(async () => {
    const source = await openFileSource(FILE);
    close = source.close;
    runner = await openRunner(await splitModel(source, 4));
    route = await TestRoute.open([runner], [0, runner.hyperparameters.layerCount]);
  });
  afterAll(async () => {
    await runner.close();
    await close();
  });

  describe('SmolLM2-135M Q4_1 against the float64 reference', () => {
    it.each(reference.logits.map((expected) => ({ tokens: expected.promptIds.length, expected })))(
      'gives the logits after $tokens tokens',
      async ({ expected }) => {
        await route.truncate(0);
        const ids = expected.top.map(([id]) => id!);
        const request = { ...LAST, count: ids.length, wantedIds: Uint32Array.from(ids) };
        const [row] = await route.feed(expected.promptIds, request);
        expect([...row!.ids]).toEqual(ids);
        for (const [rank, [, logit]] of expected.top.entries()) {
          expect(Math.abs(row!.logits[rank]! - logit!)).toBeLessThan(tolerances.absLogit);
          expect(row!.wantedLogits[rank]).toBe(row!.logits[rank]);
        }
        expect(Math.abs(row!.logSumExp - expected.logSumExp)).toBeLessThan(tolerances.absLogSumExp);
      },
    );

    it('gives the norm of the last position after each layer', async () => {
      const expected = reference.logits.find(({ promptIds }) => promptIds.length === 18)!;
      const { layerCount, width } = runner.hyperparameters;
      let hidden: Float32Array | undefined;
      for (let layer = 0; layer < layerCount - 1; layer++) {
        const layers = { start: layer, end: layer + 1 };
        await runner.openSession({ session: 'norms', layers, maxTokens: 32 });
        const ids = Uint32Array.from(expected.promptIds);
        const input = hidden ? { dtype: 'f32' as const, hidden } : { dtype: 'u32' as const, ids };
        hidden = (await runner.execute({ session: 'norms', layers, position: 0, input })).hidden!;
        await runner.closeSession('norms');
        const norm = Math.hypot(...hidden.subarray(-width));
        expect(Math.abs(norm / expected.layerNorms[layer]! - 1)).toBeLessThan(tolerances.relLayerNorm);
      }
    });

    it.each(greedyCases)('says: $text', async ({ promptIds, ids }) => {
      await route.truncate(0);
      expect(await route.greedy(promptIds, ids.length)).toEqual(ids);
    });

    it('has the perplexity', async () => {
      const { ids, meanNll } = reference.perplexity;
      await route.truncate(0);
      let sum = 0;
      for (let start = 0; start < ids.length; start += 32) {
        const chunk = ids.slice(start, start + 32);
        const next = ids.slice(start + 1, start + 33);
        const rows = await route.feedAll(chunk, { ...LAST, wantedIds: Uint32Array.from(next) });
        for (const [index, row] of rows.slice(0, next.length).entries())
          sum += row.logSumExp - row.wantedLogits[index]!;
      }
      expect(Math.abs(sum / (ids.length - 1) - meanNll)).toBeLessThan(tolerances.absMeanNll);
    });
  });
}
