import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PAGE_TOKENS, pageBytes } from '../../src/blocks/kv-layout.ts';
import { RopeAngles } from '../../src/blocks/rope-angles.ts';
import { createAttention } from '../../src/gpu/ops/attention.ts';
import { createRopeKv } from '../../src/gpu/ops/rope-kv.ts';
import { pageTable } from '../../src/gpu/page-table.ts';
import type { Tuning } from '../../src/gpu/tuning.ts';
import type { HeadShape, Sight } from '../../src/model/graph.ts';
import { NO_ROTATION, type Rotation } from '../../src/model/rotation.ts';
import { expectClose, KernelHarness, randomValues } from './harness.ts';
import { attend, rope } from './reference.ts';

/** f32 softmax and sums over at most 140 positions of values around 1. */
const TOLERANCE = 2e-5;
const TUNINGS: Record<string, Partial<Tuning>> = {
  parallel: { serialAttention: false },
  serial: { serialAttention: true, attentionTokens: 4 },
};
/** Of two rotations the second is used. */
const rotationsOf = (dimensions: number): readonly Rotation[] => [
  NO_ROTATION,
  { ...NO_ROTATION, base: 10_000, scale: 2, dimensions, magnitude: 1.25 },
];

let harness: KernelHarness;
beforeAll(async () => {
  harness = await KernelHarness.open();
});
afterAll(() => harness.close());

/** One session's KV cache on the device, and what it must hold. */
class AttentionCase {
  readonly #heads: HeadShape;
  readonly #rotations: readonly Rotation[];
  readonly #sight: Sight;
  readonly #tuning: Partial<Tuning>;
  readonly #cache: GPUBuffer;
  /** Not in order: a page may lie anywhere. */
  readonly #pages = [5, 0, 7, 2, 3];
  /** By KV head, by position. */
  readonly #keys: number[][][];
  readonly #values: number[][][];
  #length = 0;

  constructor(heads: HeadShape, ropeDimensions: number, sight: Sight, tuning: Partial<Tuning>) {
    this.#heads = heads;
    this.#rotations = rotationsOf(ropeDimensions);
    this.#sight = sight;
    this.#tuning = tuning;
    this.#cache = harness.upload(
      new Uint32Array((8 * pageBytes(heads.kvHeadCount, heads.headSize)) / 4).fill(0x7fc00000),
    );
    this.#keys = Array.from({ length: heads.kvHeadCount }, () => []);
    this.#values = Array.from({ length: heads.kvHeadCount }, () => []);
  }

  /** Appends `tokens` positions and compares their attention. */
  async step(tokens: number): Promise<void> {
    const { headCount, kvHeadCount, headSize } = this.#heads;
    const rowHeads = headCount + 2 * kvHeadCount;
    const data = randomValues(100 + this.#length, tokens * rowHeads * headSize);
    const position = this.#length;
    this.#length += tokens;
    const qkv = harness.activation(tokens, rowHeads * headSize, data);
    const y = harness.activation(tokens, headCount * headSize);
    const pages = harness.upload(pageTable([{ position, tokens, pages: this.#pages }]));
    const shared = { heads: this.#heads, pages, cache: this.#cache, qkv };
    const context = harness.tuned(this.#tuning);
    const angles = harness.upload(new RopeAngles(headSize, this.#rotations).at(position, tokens));
    const scale = 1 / Math.sqrt(headSize);
    const sinks = randomValues(7, headCount);
    const rotation = { angles, angleStride: this.#rotations.length * headSize, angleOffset: headSize, scale };
    harness.run(await createRopeKv(context, { ...shared, ...rotation }), { tokens });
    harness.run(await createAttention(context, { ...shared, sight: this.#sight, y, sinks: harness.upload(sinks) }), {
      tokens,
    });
    const expected: number[] = [];
    for (let t = 0; t < tokens; t++) {
      const head = (index: number) =>
        data.subarray((t * rowHeads + index) * headSize, (t * rowHeads + index + 1) * headSize);
      const rotated = (index: number) => rope(head(index), position + t, this.#rotations[1]!);
      for (let k = 0; k < kvHeadCount; k++) {
        this.#keys[k]!.push(rotated(headCount + k));
        this.#values[k]!.push([...head(headCount + kvHeadCount + k)]);
      }
      for (let h = 0; h < headCount; h++) {
        const k = Math.floor((h * kvHeadCount) / headCount);
        const { window, cap } = this.#sight;
        const [keys, values] = [this.#keys[k]!.slice(-window), this.#values[k]!.slice(-window)];
        expected.push(...attend(rotated(h), keys, values, { scale, cap, sink: sinks[h] }));
      }
    }
    expectClose(await harness.rows(y), expected, TOLERANCE);
  }
}

describe.each(Object.entries(TUNINGS))('RoPE, KV cache and attention, %s', (_, tuning) => {
  it.each([
    { headCount: 9, kvHeadCount: 3, headSize: 64, ropeDimensions: 64, window: 0, cap: 0 },
    { headCount: 4, kvHeadCount: 4, headSize: 20, ropeDimensions: 20, window: 0, cap: 0 },
    { headCount: 4, kvHeadCount: 1, headSize: 32, ropeDimensions: 12, window: 0, cap: 2 },
    { headCount: 4, kvHeadCount: 2, headSize: 32, ropeDimensions: 32, window: 7, cap: 0 },
    { headCount: 2, kvHeadCount: 1, headSize: 256, ropeDimensions: 256, window: 45, cap: 3 },
    { headCount: 8, kvHeadCount: 1, headSize: 512, ropeDimensions: 512, window: 0, cap: 0 },
  ])(
    'agrees with the reference over page borders: H $headCount, K $kvHeadCount, D $headSize, window $window, cap $cap',
    async ({ ropeDimensions, window, cap, ...heads }) => {
      const session = new AttentionCase(heads, ropeDimensions, { window, cap }, tuning);
      for (const tokens of [1, 2, 3, 5, 8, 9, 17, PAGE_TOKENS, 1, 40]) await session.step(tokens);
    },
  );
});

it('computes angles in double precision', () => {
  const angles = new RopeAngles(8, [{ ...NO_ROTATION, base: 100_000, dimensions: 4 }]).at(8191, 1);
  const expected = [8191, 8191 * 100_000 ** -0.5].flatMap((angle) => [Math.cos(angle), Math.sin(angle)]);
  expect([...angles]).toEqual([...Float32Array.from([...expected, 1, 0, 1, 0])]);
});
