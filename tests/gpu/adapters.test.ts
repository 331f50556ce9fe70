import { describe, expect, it } from 'vitest';
import { createWebGpuRunner } from '../../src/engine/webgpu/webgpu-runner.ts';
import { LAST, opener, TestRoute } from '../engine/fixture.ts';
import { testRunnerBatches } from '../engine/runner-batches.ts';
import { GraphInterpreter } from '../fixtures/graph-interpreter.ts';
import { tinyArchitecture } from '../fixtures/tiny-architectures.ts';
import { makeTinyModel } from '../fixtures/tiny-model.ts';
import { openTestGpu } from '../support/gpu.ts';
import { splitBytes } from '../support/shard-readers.ts';
import { openSharedGpu } from '../support/shared-gpu.ts';
import { DEFAULT_LIMITS, disguised } from './disguise.ts';
import { expectClose } from './harness.ts';

/** Longer than a page, a tile of attention and a tile of tokens. */
const IDS = Array.from({ length: 75 }, (_, index) => (index * 37 + 11) % 250);
/** f32 sums in another order, through four layers, on logits of about 1. */
const TOLERANCE = 1e-4;
const HARDWARE = { software: false, features: ['subgroups'] };

it('computes the same, rounding apart, with the kernels of every kind of adapter', async () => {
  const gpu = await openSharedGpu();
  const model = await splitBytes(makeTinyModel({ type: 'Q4_1', vocabularySize: 3000 }), 2);
  const logits = async (instance: GPU, ...chunks: readonly number[]) => {
    const runner = await opener((options) => createWebGpuRunner({ gpu: instance, ...options }))(model);
    const route = await TestRoute.open([runner], [0, 4]);
    const wantedIds = Uint32Array.from({ length: 512 }, (_, index) => index * 5);
    const results: number[][] = [];
    for (const chunk of chunks) {
      await route.truncate(0);
      const rows = await route.feedAll(IDS, { ...LAST, count: 100, wantedIds }, chunk);
      results.push(rows.flatMap(({ wantedLogits, logits: top, logSumExp }) => [...wantedLogits, ...top, logSumExp]));
    }
    expect(runner.info.maxTaskTokens).toBe(runner.info.software ? 32 : 256);
    await runner.close();
    return results;
  };
  const [expected] = await logits(gpu, 32);
  const [software] = await logits(disguised(gpu, { software: true, features: [] }), 32);
  const [whole, parts] = await logits(disguised(gpu, HARDWARE), 75, 7);
  for (const found of [software, whole, parts]) expectClose(found!, expected!, TOLERANCE);
});

it("does heads of 512 elements, eight to a KV head, with a GPU's kernels and no more than WebGPU promises", async () => {
  const tiny = tinyArchitecture('gemma4');
  const factors = Array.from({ length: 256 }, (_, pair) => (pair < 64 ? 1 : 1e30));
  const bytes = makeTinyModel({
    ...tiny,
    layerCount: 2,
    headSize: 512,
    headCount: 8,
    vectors: { 'rope_freqs.weight': factors },
  });
  const instance = disguised(await openTestGpu(), { ...HARDWARE, limits: DEFAULT_LIMITS });
  const model = await splitBytes(bytes, 1);
  const runner = await opener((options) => createWebGpuRunner({ gpu: instance, ...options }))(model);
  const route = await TestRoute.open([runner], [0, 2]);
  const wantedIds = Uint32Array.from({ length: model.hyperparameters.vocabularySize }, (_, id) => id);
  const expected = (await GraphInterpreter.open(bytes)).logits(IDS).flatMap((logits) => [...logits]);
  const rows = await route.feedAll(IDS, { ...LAST, wantedIds }, IDS.length);
  expectClose(
    rows.flatMap(({ wantedLogits }) => [...wantedLogits]),
    expected,
    2 * TOLERANCE,
  );
  await runner.close();
});

describe("a GPU's kernels do it for several sessions at once", () =>
  testRunnerBatches(
    opener(async (options) => createWebGpuRunner({ gpu: disguised(await openSharedGpu(), HARDWARE), ...options })),
  ));
