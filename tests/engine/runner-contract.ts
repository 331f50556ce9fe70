import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { LayerRunner } from '../../src/engine/layer-runner.ts';
import type { TensorTypeName } from '../../src/gguf/tensor-types.ts';
import type { Candidates } from '../../src/protocol/frames.ts';
import { makeTinyModel } from '../fixtures/tiny-model.ts';
import { type SplitModel, splitBytes } from '../support/shard-readers.ts';
import { LAST, type OpenRunner, TestRoute } from './fixture.ts';

const IDS = Array.from({ length: 45 }, (_, index) => (index * 37 + 11) % 250);
const ALL = { ...LAST, rows: 'all' as const, count: 3, wantedIds: Uint32Array.of(0, 200) };

/** Logits of the tiny models are around 1. */
const ROUNDING = 1e-5;

/** The same bits; of a graphics card the same within rounding: it adds up long tasks in another order than short ones. */
function expectSame({ info }: LayerRunner, rows: readonly Candidates[], expected: readonly Candidates[]): void {
  if (info.kind === 'cpu' || info.software) {
    expect(rows).toEqual(expected);
    return;
  }
  expect(rows.map(({ ids }) => ids)).toEqual(expected.map(({ ids }) => ids));
  const logits = (all: readonly Candidates[]) => all.flatMap((row) => [...row.logits, row.logSumExp]);
  const right = logits(expected);
  for (const [index, logit] of logits(rows).entries()) expect(Math.abs(logit - right[index]!)).toBeLessThan(ROUNDING);
}

/**
 * What every runner does: split runs, sessions, truncation, batches. Called in a test file of each implementation.
 * @param types - of the matrices of models that are split
 */
export function testRunner(openRunner: OpenRunner, types: readonly TensorTypeName[]): void {
  const opened: LayerRunner[] = [];
  async function open(model: SplitModel, shards?: readonly number[]): Promise<LayerRunner> {
    const runner = await openRunner(model, shards);
    opened.push(runner);
    return runner;
  }
  async function closeAll(): Promise<void> {
    for (const runner of opened.splice(0)) await runner.close();
  }

  describe.each([...types, 'a mix'] as const)('a model of %s', (type) => {
    afterEach(closeAll);

    it('gives the same bits however its layers are spread', async () => {
      const mix = (name: string) => (name.includes('attn_v') ? 'Q6_K' : name.includes('ffn_up') ? 'Q8_0' : 'Q4_K');
      // Rows of whole superblocks.
      const sizes = { width: 256, feedForwardWidth: 256 };
      const model = await splitBytes(makeTinyModel({ ...sizes, type: type === 'a mix' ? mix : type }), 3);
      const [whole, part] = [await open(model), await open(model, [1, 2])];
      const expected = await (await TestRoute.open([whole], [0, 4])).feedAll(IDS, ALL);
      expect(new Set(expected.map(({ ids }) => ids[0])).size).toBeGreaterThan(5);
      const two = await TestRoute.open([whole, part], [0, 2, 4], 'b');
      expect(await two.feedAll(IDS, ALL)).toEqual(expected);
      const three = await TestRoute.open([whole, part, whole], [0, 2, 3, 4], 'c');
      expect(await three.feedAll(IDS, ALL)).toEqual(expected);
    });
  });

  describe('one runner', () => {
    let runner: LayerRunner;
    let bytes: Uint8Array;
    beforeAll(async () => {
      // Rows of 80 elements make no whole blocks, so that the output of attention needs another type.
      const type = (name: string) => (name.includes('attn_output') ? 'F16' : 'Q4_1');
      bytes = makeTinyModel({ type, headCount: 4, kvHeadCount: 1, headSize: 20, width: 96 });
      const model = await splitBytes(bytes, 2);
      runner = await open(model);
    });
    afterAll(closeAll);

    it('gives the same bits from one whole file', async () => {
      const whole = await open(await splitBytes(bytes, 1));
      const expected = await (await TestRoute.open([whole], [0, 4])).feedAll(IDS, ALL);
      const route = await TestRoute.open([runner], [0, 4]);
      expect(await route.feedAll(IDS, ALL)).toEqual(expected);
      await route.close();
    });

    it('gives a token the same in whatever tasks the tokens come', async () => {
      const route = await TestRoute.open([runner], [0, 4]);
      const expected = await route.feedAll(IDS, ALL, 32);
      for (const chunk of [1, 3, 8, 17]) {
        await route.truncate(0);
        expectSame(runner, await route.feedAll(IDS, ALL, chunk), expected);
      }
      await route.close();
    });

    it('goes on from where a session was truncated', async () => {
      const route = await TestRoute.open([runner], [0, 4]);
      const expected = await route.feed([...IDS.slice(0, 20), 5, 6, 7]);
      await route.truncate(0);
      await route.feed(IDS);
      await route.truncate(20);
      expectSame(runner, await route.feed([5, 6, 7]), expected);
      await route.close();
    });

    it('keeps sessions apart', async () => {
      const alone = await TestRoute.open([runner], [0, 4]);
      const expected = await alone.greedy(IDS, 6);
      await alone.close();
      const [a, b] = [await TestRoute.open([runner], [0, 4], 'a'), await TestRoute.open([runner], [0, 4], 'b')];
      await a.feed(IDS.slice(0, 30));
      await b.greedy(IDS.toReversed(), 40);
      expect(await a.greedy(IDS.slice(30), 6)).toEqual(expected);
      await a.close();
      await b.close();
    });

    it('queues calls that are made at once', async () => {
      const route = await TestRoute.open([runner], [0, 4]);
      const expected = await route.feed([1, 2, 3]);
      await route.close();
      const layers = { start: 0, end: 4 };
      const execute = (position: number, id: number) =>
        runner.execute({
          session: 'q',
          layers,
          position,
          input: { dtype: 'u32', ids: Uint32Array.of(id) },
          candidates: LAST,
        });
      const calls = [
        runner.openSession({ session: 'q', layers, maxTokens: 9 }),
        execute(0, 1),
        execute(1, 2),
        execute(2, 3),
      ];
      const results = await Promise.all(calls);
      expect(results[3]).toMatchObject({ rows: expected });
      await runner.closeSession('q');
    });

    it('runs any contiguous range of its layers', async () => {
      const hidden = Float32Array.from({ length: 3 * 96 }, (_, index) => Math.cos(index));
      const run = async (layers: { start: number; end: number }, input: Float32Array) => {
        await runner.openSession({ session: 'r', layers, maxTokens: 9 });
        const output = await runner.execute({
          session: 'r',
          layers,
          position: 0,
          input: { dtype: 'f32', hidden: input },
        });
        await runner.closeSession('r');
        return output.hidden!;
      };
      const middle = await run({ start: 1, end: 2 }, hidden);
      expect(await run({ start: 2, end: 3 }, middle)).toEqual(await run({ start: 1, end: 3 }, hidden));
    });

    it('gives back the KV pages of closed sessions, also after the pool has grown', async () => {
      const free = runner.freeTokens();
      const long = Array.from({ length: 250 }, (_, index) => index);
      const routes: TestRoute[] = [];
      for (const session of ['a', 'b', 'c']) {
        const route = await TestRoute.open([runner], [0, 4], session);
        await route.feed(long);
        routes.push(route);
      }
      expect(free - runner.freeTokens()).toBe(3 * 256);
      const fresh = await routes[0]!.feed([7]);
      expect(await routes[2]!.feed([7])).toEqual(fresh);
      for (const route of routes) await route.close();
      expect(runner.freeTokens()).toBe(free);
    });
  });
}
