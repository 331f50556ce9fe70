import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Llama, Token } from 'node-llama-cpp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeTinyModel } from '../../fixtures/tiny-model.ts';
import { openLlama, splitForLlamaCpp } from '../../support/llama-cpp.ts';

const REAL_MODEL = 'models_cache/SmolLM2-135M-Instruct.Q4_1.gguf';
/** Long enough to run through every layer of every shard many times. */
const GENERATED = 24;

let llama: Llama;
let folder: string;

beforeAll(async () => {
  llama = await openLlama();
  folder = await mkdtemp(join(tmpdir(), 'shoal-split-'));
}, 60_000);

afterAll(async () => {
  await llama.dispose();
  await rm(folder, { recursive: true });
});

/** The ids that llama.cpp generates greedily. */
async function greedyIds(modelPath: string, prompt: string): Promise<Token[]> {
  const model = await llama.loadModel({ modelPath, gpuLayers: 0 });
  const context = await model.createContext({ contextSize: 128, sequences: 1, threads: 1 });
  const ids: Token[] = [];
  try {
    for await (const id of context
      .getSequence()
      .evaluate(model.tokenize(prompt, true), { temperature: 0, yieldEogToken: true })) {
      if (ids.push(id) === GENERATED) break;
    }
  } finally {
    await model.dispose();
  }
  return ids;
}

describe('llama.cpp', () => {
  it.each([
    ['tied', 2],
    ['untied', 3],
  ])('runs the shards of a %s tiny model as it runs the whole', async (kind, shardCount) => {
    const path = join(folder, `${kind}.gguf`);
    await writeFile(path, makeTinyModel({ tied: kind === 'tied', type: 'Q8_0', width: 256, feedForwardWidth: 256 }));
    const first = await splitForLlamaCpp(path, folder, kind, shardCount);
    const whole = await greedyIds(path, 'hello and then');
    expect(whole).toHaveLength(GENERATED);
    expect(await greedyIds(first, 'hello and then')).toEqual(whole);
  });

  it.skipIf(!existsSync(REAL_MODEL))(
    `runs four shards of ${REAL_MODEL} as it runs the whole`,
    async () => {
      const prompt = '<|im_start|>user\nTell me a short story about a lighthouse.<|im_end|>\n<|im_start|>assistant\n';
      const whole = await greedyIds(REAL_MODEL, prompt);
      expect(whole).toHaveLength(GENERATED);
      expect(await greedyIds(await splitForLlamaCpp(REAL_MODEL, folder, 'real', 4), prompt)).toEqual(whole);
    },
    120_000,
  );
});
