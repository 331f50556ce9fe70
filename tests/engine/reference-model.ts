import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findInCatalogue } from '../../cli/catalogue.ts';
import { DEFAULT_DATA_DIR } from '../../cli/model-source.ts';
import type { LayerRunner } from '../../src/engine/layer-runner.ts';
import { openFileSource, type SplitModel, splitModel } from '../support/shard-readers.ts';
import { type OpenRunner, TestRoute } from './fixture.ts';

interface ReferenceCase {
  readonly prompt: string;
  readonly promptIds: readonly number[];
  /** Greedy, by llama.cpp on the weights as f32. */
  readonly ids: readonly number[];
  /** Between the two highest logits, a step. */
  readonly margins: readonly number[];
}

/** Below it rounding decides, and what follows may differ. */
const NEAR_TIE = 0.02;

/**
 * Holds runners to a model's reference: one with all layers, and one after the other with a shard each. All prompts are
 * answered at once, as a node answers several askers. Skipped, loudly, where the model's file is not.
 * @param cases - how many of the reference's; all unless given
 */
export function testReferenceModel(id: string, openRunner: OpenRunner, cases = Number.POSITIVE_INFINITY): void {
  const path = join(DEFAULT_DATA_DIR, findInCatalogue(id).fileName);
  if (!existsSync(path)) console.error(`!!! ${path} IS NOT THERE: ${id} IS NOT TESTED. !!!`);
  const reference = JSON.parse(readFileSync(`tests/reference/${id}.json`, 'utf8')) as { cases: ReferenceCase[] };
  const tried = reference.cases.slice(0, cases);

  describe.skipIf(!existsSync(path)).each([1, 4])(`${id} on %i runners`, (count) => {
    let runners: LayerRunner[] = [];
    let answers: number[][];
    let close: () => Promise<void>;

    beforeAll(async () => {
      const source = await openFileSource(path);
      close = source.close;
      const model = await splitModel(source, 4);
      runners = count === 1 ? [await openRunner(model)] : await openEach(model);
      const bounds = [0, ...model.readers.map(({ shard }) => shard.layers.end)];
      const stages = count === 1 ? [0, bounds.at(-1)!] : bounds;
      const routes = await Promise.all(tried.map((_, index) => TestRoute.open(runners, stages, `case ${index}`)));
      const prompts = tried.map((expected) => ({ ids: expected.promptIds, count: certainTokens(expected) }));
      answers = await TestRoute.greedyTogether(routes, prompts);
    });

    async function openEach(model: SplitModel): Promise<LayerRunner[]> {
      const opened: LayerRunner[] = [];
      for (const index of model.readers.keys()) opened.push(await openRunner(model, [index]));
      return opened;
    }

    afterAll(async () => {
      await Promise.all(runners.map((runner) => runner.close()));
      await close();
    });

    it.each(tried.map((expected, index) => ({ ...expected, index })))(
      'answers “$prompt” as the reference does',
      ({ index, ...expected }) => {
        const certain = certainTokens(expected);
        expect(certain).toBeGreaterThan(0);
        expect(answers[index]).toEqual(expected.ids.slice(0, certain));
      },
    );
  });
}

/** How many of a case's tokens rounding cannot change. */
function certainTokens({ ids, margins }: ReferenceCase): number {
  const tie = margins.findIndex((margin) => margin < NEAR_TIE);
  return tie < 0 ? ids.length : tie;
}
