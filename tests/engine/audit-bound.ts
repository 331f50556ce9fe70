import { expect, it } from 'vitest';
import type { LayerRunner } from '../../src/engine/layer-runner.ts';
import type { Candidates } from '../../src/protocol/frames.ts';
import { candidatesDifference, MAX_DIFFERENCE, rowDifference } from '../../src/swarm/coordinator/compare-rows.ts';
import { ALL_ROWS } from '../../src/swarm/stage/replay.ts';
import reference from '../reference/smollm2-135m-q4_1.json' with { type: 'json' };

const TOKENS = 96;
const CHUNK = 32;
/** How far a fault lies beyond the bound at least. */
const MARGIN = 10;

interface Rows {
  readonly hidden: Float32Array;
  readonly rows: readonly Candidates[];
}

/** Holds the bound of checks to two runners with the same model, and to faults of one of them. */
export function testAuditBound(open: () => Promise<readonly [LayerRunner, LayerRunner]>): void {
  it('finds two kinds of runner to agree, and every fault to be far beyond', async () => {
    const [one, other] = await open();
    const { layerCount, width } = one.hyperparameters;
    const ids = Uint32Array.from(reference.perplexity.ids.slice(0, TOKENS));
    const middle = { start: 8, end: 16 };
    const last = { start: 23, end: layerCount };
    const before = (await run(one, { start: 0, end: middle.start }, ids)).hidden;
    const rows = (await run(one, middle, before)).hidden;
    const hiddenOf = async (layers: typeof middle, input = before) =>
      rowDifference(rows, (await run(other, layers, input)).hidden, width);
    expect(await hiddenOf(middle)).toBeLessThan(MAX_DIFFERENCE / MARGIN);
    expect(await hiddenOf({ ...middle, start: 9 })).toBeGreaterThan(MAX_DIFFERENCE * MARGIN);
    expect(await hiddenOf({ ...middle, end: 15 })).toBeGreaterThan(MAX_DIFFERENCE * MARGIN);
    // One sign in one layer: of what goes from the third to the fourth.
    const third = (await run(other, { start: 8, end: 11 }, before)).hidden;
    const flipped = third.map((value, index) => (index % width === 100 ? -value : value));
    const wrong = (await run(other, { start: 11, end: 16 }, flipped)).hidden;
    expect(rowDifference(rows, wrong, width)).toBeGreaterThan(MAX_DIFFERENCE * MARGIN);
    const deep = (await run(one, { start: 16, end: last.start }, rows)).hidden;
    const given = (await run(one, last, deep)).rows;
    const givenOf = async (layers: typeof last) => largest(given, (await run(other, layers, deep)).rows);
    expect(await givenOf(last)).toBeLessThan(MAX_DIFFERENCE / 2);
    expect(await givenOf({ ...last, start: 24 })).toBeGreaterThan(MAX_DIFFERENCE * MARGIN);

    /** In chunks of its own, as a check replays. */
    async function run(runner: LayerRunner, layers: typeof middle, input: Uint32Array | Float32Array): Promise<Rows> {
      const session = `${layers.start}-${layers.end}`;
      await runner.openSession({ session, layers, maxTokens: TOKENS });
      const hidden: number[] = [];
      const found: Candidates[] = [];
      for (let position = 0; position < TOKENS; position += CHUNK) {
        const chunk =
          input instanceof Uint32Array
            ? { dtype: 'u32' as const, ids: input.slice(position, position + CHUNK) }
            : { dtype: 'f32' as const, hidden: input.slice(position * width, (position + CHUNK) * width) };
        const candidates = layers.end === layerCount ? { candidates: ALL_ROWS } : {};
        const output = await runner.execute({ session, layers, position, input: chunk, ...candidates });
        if (output.hidden) hidden.push(...output.hidden);
        found.push(...(output.rows ?? []));
      }
      await runner.closeSession(session);
      return { hidden: Float32Array.from(hidden), rows: found };
    }
  });
}

function largest(given: readonly Candidates[], again: readonly Candidates[]): number {
  return Math.max(...given.map((row, position) => candidatesDifference(row, again[position]!)));
}
