import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Llama } from 'node-llama-cpp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { floatToHalf, halfToFloat } from '../../../src/core/half.ts';
import { GraphInterpreter } from '../../fixtures/graph-interpreter.ts';
import { FORTY_IDS, TINY_ARCHITECTURES } from '../../fixtures/tiny-architectures.ts';
import { makeTinyModel } from '../../fixtures/tiny-model.ts';
import { ACTIVATIONS, logSumExp } from '../../gpu/reference.ts';
import { logProbabilities, openLlama, splitForLlamaCpp } from '../../support/llama-cpp.ts';

/** Of probabilities from this on; f32 sums over a few layers. */
const LEAST_PROBABILITY = 1e-4;
const TOLERANCE = 1e-3;

/** Gemma 2's output is its embedding: llama.cpp takes no file that names it once more, as a last shard must. */
const SHARD_COUNTS: Readonly<Record<string, readonly number[]>> = { gemma2: [1] };

/** llama.cpp looks GELU up in a table of halves. */
function geluOfLlamaCpp(x: number): number {
  if (Math.abs(x) >= 10) return Math.max(0, x);
  return asHalf(ACTIVATIONS.gelu(asHalf(x)));
}

function asHalf(x: number): number {
  return halfToFloat(floatToHalf(x));
}

let llama: Llama;
let folder: string;

beforeAll(async () => {
  llama = await openLlama();
  folder = await mkdtemp(join(tmpdir(), 'shoal-architectures-'));
}, 400_000);

afterAll(async () => {
  await llama.dispose();
  await rm(folder, { recursive: true });
}, 400_000);

/** It rounds what blocks are multiplied with. */
const IN_FLOATS = TINY_ARCHITECTURES.filter(([, { type }]) => type === undefined);

describe.each(IN_FLOATS)('llama.cpp and the interpreter on %s', (what, options) => {
  const bytes = makeTinyModel(options);
  let expected: Float64Array[];
  beforeAll(async () => {
    expected = (await GraphInterpreter.open(bytes, geluOfLlamaCpp)).logits(FORTY_IDS).map((logits) => {
      const total = logSumExp(logits);
      return logits.map((logit) => logit - total);
    });
  });
  const name = what.replaceAll(' ', '-');

  it.each(SHARD_COUNTS[options.architecture ?? ''] ?? [1, 2, 3])(
    'agree on the file in %i shards at 40 positions',
    async (shardCount) => {
      const path = join(folder, `${name}.gguf`);
      await writeFile(path, bytes);
      const file = shardCount === 1 ? path : await splitForLlamaCpp(path, folder, `${name}-${shardCount}`, shardCount);
      const positions = await logProbabilities(llama, file, FORTY_IDS);
      expect(positions).toHaveLength(FORTY_IDS.length);
      for (const [position, found] of positions.entries()) {
        const likely = [...found].filter(([, log]) => log > Math.log(LEAST_PROBABILITY));
        expect(likely.length).toBeGreaterThan(10);
        const worst = Math.max(...likely.map(([id, log]) => Math.abs(log - expected[position]![id]!)));
        expect(worst, `position ${position}`).toBeLessThan(TOLERANCE);
      }
    },
  );
});
