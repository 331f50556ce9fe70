import { openAsBlob } from 'node:fs';
import { mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import { getLlama, type Llama, type Token } from 'node-llama-cpp';
import { blobSource } from '../../src/gguf/gguf-file.ts';
import { publishModel } from '../../src/store/publish/publish.ts';

/** llama.cpp on the processor, as it was built. */
export function openLlama(): Promise<Llama> {
  return getLlama({ gpu: false, build: 'never', maxThreads: 2, progressLogs: false });
}

/** Writes a model's shards under the names that llama.cpp expects. @returns the first one's path */
export async function splitForLlamaCpp(
  path: string,
  folder: string,
  name: string,
  shardCount: number,
): Promise<string> {
  const target = join(folder, name);
  await mkdir(target);
  const number = (index: number) => String(index).padStart(5, '0');
  const partName = (index: number) => join(target, `${name}-${number(index + 1)}-of-${number(shardCount)}.gguf`);
  let next = 0;
  await publishModel(blobSource(await openAsBlob(path)), {
    fileName: name,
    shardCount,
    sink: async () => {
      const handle = await open(partName(next++), 'w');
      return {
        write: async (chunk) => {
          await handle.write(chunk);
        },
        close: () => handle.close(),
      };
    },
  });
  return partName(0);
}

/** Natural logarithms of each next token's probability after each of `ids`, with an f32 KV cache. */
export async function logProbabilities(
  llama: Llama,
  modelPath: string,
  ids: readonly number[],
): Promise<ReadonlyMap<number, number>[]> {
  const model = await llama.loadModel({ modelPath, gpuLayers: 0, defaultContextFlashAttention: false });
  try {
    const context = await model.createContext({
      ...{ contextSize: 128, sequences: 1, threads: 2 },
      ...{ experimentalKvCacheKeyType: 'F32', experimentalKvCacheValueType: 'F32' },
    });
    const options = { temperature: 1, topK: 0, topP: 1, minP: 0 };
    const outputs = await context
      .getSequence()
      .controlledEvaluate(ids.map((id) => [id as Token, { generateNext: { probabilities: true, options } }] as const));
    return outputs.map((output) => {
      const probabilities = [...(output?.next.probabilities ?? [])];
      return new Map(probabilities.map(([token, probability]): [number, number] => [token, Math.log(probability)]));
    });
  } finally {
    await model.dispose();
  }
}
