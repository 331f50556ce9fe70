import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LayerRunner } from '../../src/engine/layer-runner.ts';
import type { CandidateRequest, Candidates } from '../../src/protocol/frames.ts';
import reference from '../reference/smollm2-135m-q4_1.json' with { type: 'json' };
import { openFileSource, splitModel } from '../support/shard-readers.ts';
import { LAST, type OpenRunner, TestRoute } from './fixture.ts';

const FILE = 'models_cache/SmolLM2-135M-Instruct.Q4_1.gguf';
const tolerances = reference.header.tolerances['float32 weights path, float32 activations and KV'];
/** Those without a near tie. */
export const GREEDY_CASES = reference.greedy.filter((greedy) => !('nearTie' in greedy));
/** The long one is the beginning of the text whose perplexity is known: both are had in one pass. */
const LONG_PROMPT = reference.logits.find(({ promptIds }) => promptIds.length > 100)!;
const SHORT_PROMPTS = reference.logits.filter((expected) => expected !== LONG_PROMPT);
/** Positions of a task that every runner takes. */
const CHUNK = 32;

if (!existsSync(FILE)) throw new Error(`${FILE} is missing. "npm start" fetches it.`);

/** Holds a runner to the reference of the default model. @param greedyCases - whose text is compared */
export function testDefaultModel(openRunner: OpenRunner, greedyCases: typeof GREEDY_CASES): void {
  let runner: LayerRunner;
  let route: TestRoute;
  let close: () => Promise<void>;
  const layers = () => [0, runner.hyperparameters.layerCount];
  beforeAll(async () => {
    const source = await openFileSource(FILE);
    close = source.close;
    runner = await openRunner(await splitModel(source, 4));
    route = await TestRoute.open([runner], layers());
  });
  afterAll(async () => {
    await runner.close();
    await close();
  });

  describe('SmolLM2-135M Q4_1 against the float64 reference', () => {
    it.each(SHORT_PROMPTS.map((expected) => ({ tokens: expected.promptIds.length, expected })))(
      'gives the logits after $tokens tokens',
      async ({ expected }) => {
        await route.truncate(0);
        const [row] = await route.feed(expected.promptIds, { ...LAST, ...candidatesOf(expected) });
        expectLogits(row!, expected);
      },
    );

    it('gives the norm of the last position after each layer', async () => {
      const expected = reference.logits.find(({ promptIds }) => promptIds.length === 18)!;
      const { layerCount, width } = runner.hyperparameters;
      let hidden: Float32Array | undefined;
      for (let layer = 0; layer < layerCount - 1; layer++) {
        const one = { start: layer, end: layer + 1 };
        await runner.openSession({ session: 'norms', layers: one, maxTokens: 32 });
        const ids = Uint32Array.from(expected.promptIds);
        const input = hidden ? { dtype: 'f32' as const, hidden } : { dtype: 'u32' as const, ids };
        hidden = (await runner.execute({ session: 'norms', layers: one, position: 0, input })).hidden!;
        await runner.closeSession('norms');
        const norm = Math.hypot(...hidden.subarray(-width));
        expect(Math.abs(norm / expected.layerNorms[layer]! - 1)).toBeLessThan(tolerances.relLayerNorm);
      }
    });

    describe('answers greedily, all at once', () => {
      let answers: number[][];
      beforeAll(async () => {
        const routes = await Promise.all(
          greedyCases.map((_, index) => TestRoute.open([runner], layers(), `greedy ${index}`)),
        );
        const prompts = greedyCases.map(({ promptIds, ids }) => ({ ids: promptIds, count: ids.length }));
        answers = await TestRoute.greedyTogether(routes, prompts);
        for (const each of routes) await each.close();
      });
      it.each(greedyCases.map((greedy, index) => ({ ...greedy, index })))('says: $text', ({ index, ids }) => {
        expect(answers[index]).toEqual(ids);
      });
    });

    it('says one alone as it does beside others', async () => {
      const { promptIds, ids } = greedyCases[0]!;
      await route.truncate(0);
      expect(await route.greedy(promptIds, ids.length)).toEqual(ids);
    });

    it(`has the perplexity, and gives the logits after ${LONG_PROMPT.promptIds.length} tokens of the text`, async () => {
      const { ids, meanNll } = reference.perplexity;
      const { promptIds } = LONG_PROMPT;
      expect(ids.slice(0, promptIds.length)).toEqual(promptIds);
      await route.truncate(0);
      let sum = 0;
      for (let start = 0; start < ids.length; start += CHUNK) {
        const chunk = ids.slice(start, start + CHUNK);
        const next = ids.slice(start + 1, start + CHUNK + 1);
        const last = promptIds.length - 1 - start;
        const compared = last >= 0 && last < CHUNK;
        const { count, wantedIds } = compared ? candidatesOf(LONG_PROMPT) : LAST;
        const rows = await route.feedAll(chunk, { ...LAST, count, wantedIds: Uint32Array.of(...wantedIds, ...next) });
        for (const [index, row] of rows.slice(0, next.length).entries())
          sum += row.logSumExp - row.wantedLogits[wantedIds.length + index]!;
        if (compared) expectLogits(rows[last]!, LONG_PROMPT);
      }
      expect(Math.abs(sum / (ids.length - 1) - meanNll)).toBeLessThan(tolerances.absMeanNll);
    });
  });
}

type LogitsCase = (typeof reference.logits)[number];

/** A request for what the reference has of its last position. */
function candidatesOf({ top }: LogitsCase): Pick<CandidateRequest, 'count' | 'wantedIds'> {
  return { count: top.length, wantedIds: Uint32Array.from(top, ([id]) => id!) };
}

function expectLogits(row: Candidates, { top, logSumExp }: LogitsCase): void {
  expect([...row.ids]).toEqual(top.map(([id]) => id));
  for (const [rank, [, logit]] of top.entries()) {
    expect(Math.abs(row.logits[rank]! - logit!)).toBeLessThan(tolerances.absLogit);
    expect(row.wantedLogits[rank]).toBe(row.logits[rank]);
  }
  expect(Math.abs(row.logSumExp - logSumExp)).toBeLessThan(tolerances.absLogSumExp);
}
