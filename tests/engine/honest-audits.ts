import { expect, it } from 'vitest';
import type { LayerRange } from '../../src/core/ranges.ts';
import type { LayerRunner } from '../../src/engine/layer-runner.ts';
import { candidatesDifference, MAX_DIFFERENCE, rowDifference } from '../../src/swarm/coordinator/compare-rows.ts';
import { ALL_ROWS } from '../../src/swarm/stage/replay.ts';
import { seededRandom } from '../fixtures/random.ts';

const AUDITS = 1000;
const TEXT_TOKENS = 32;
const MAX_TOKENS = 8;
const MAX_LAYERS = 3;

/**
 * A thousand checks of one honest runner by another, of layers, lengths and rows by chance.
 * @param margin - the largest difference lies at least so many times below the bound
 */
export function testHonestAudits(
  open: () => Promise<readonly [LayerRunner, LayerRunner]>,
  { margin }: { readonly margin: number },
): void {
  it(`never accuses an honest runner in ${AUDITS} checks`, async () => {
    const runners = await open();
    const { layerCount, width, vocabularySize } = runners[0].hyperparameters;
    const random = seededRandom(7);
    const below = (limit: number) => Math.floor(random() * limit);
    // What lies before each layer, of one text.
    const text = Uint32Array.from({ length: TEXT_TOKENS }, () => below(vocabularySize));
    const rows: (Uint32Array | Float32Array)[] = [text];
    for (let layer = 1; layer < layerCount; layer++) {
      rows.push((await run(runners[0], { start: layer - 1, end: layer }, rows[layer - 1]!)).hidden!);
    }
    let largest = 0;
    for (let audit = 0; audit < AUDITS; audit++) {
      const start = below(layerCount);
      const layers = { start, end: Math.min(layerCount, start + 1 + below(MAX_LAYERS)) };
      const rowSize = start === 0 ? 1 : width;
      const first = below(TEXT_TOKENS - MAX_TOKENS);
      const input = rows[start]!.slice(first * rowSize, (first + 1 + below(MAX_TOKENS)) * rowSize);
      const [one, other] = await Promise.all(runners.map((runner) => run(runner, layers, input)));
      const difference = one!.hidden
        ? rowDifference(one!.hidden, other!.hidden!, width)
        : Math.max(...one!.rows!.map((row, position) => candidatesDifference(row, other!.rows![position]!)));
      largest = Math.max(largest, difference);
    }
    console.log(`largest difference of ${AUDITS} checks: ${largest.toExponential(2)}, the bound is ${MAX_DIFFERENCE}`);
    expect(largest).toBeGreaterThan(0);
    expect(largest).toBeLessThan(MAX_DIFFERENCE / margin);

    async function run(runner: LayerRunner, stage: LayerRange, values: Uint32Array | Float32Array) {
      await runner.openSession({ session: 'audit', layers: stage, maxTokens: TEXT_TOKENS });
      const task =
        values instanceof Uint32Array
          ? { dtype: 'u32' as const, ids: values }
          : { dtype: 'f32' as const, hidden: values.slice() };
      const candidates = stage.end === layerCount ? { candidates: ALL_ROWS } : {};
      const output = await runner.execute({ session: 'audit', layers: stage, position: 0, input: task, ...candidates });
      await runner.closeSession('audit');
      return output;
    }
  });
}
