import { openAsBlob } from 'node:fs';
import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { getLlama, type Llama, type LlamaModel, type Token } from 'node-llama-cpp';
import type { Metadata } from '../../src/core/metadata.ts';
import { blobSource } from '../../src/gguf/gguf-file.ts';
import { parseGguf } from '../../src/gguf/read.ts';
import { publishModel } from '../../src/store/publish/publish.ts';
import { makeTinyModel } from '../fixtures/tiny-model.ts';
import { encodeTokenizer, type TokenizerEntries } from '../fixtures/vocabulary.ts';

/** llama.cpp on the processor, as it was built. */
export function openLlama(): Promise<Llama> {
  return getLlama({ gpu: false, build: 'never', maxThreads: 1, progressLogs: false });
}

/** A tokenizer as both sides read it from one file. */
export interface TokenizerOfBoth {
  readonly metadata: Metadata;
  readonly model: LlamaModel;
}

/**
 * Writes a file with this tokenizer and opens it, the vocabulary only.
 * @param path - of the file to write
 * @param metadata - other entries, encoded
 * @throws Error as llama.cpp refuses it
 */
export async function openTokenizer(
  llama: Llama,
  path: string,
  entries: TokenizerEntries,
  metadata: Readonly<Record<string, Uint8Array>> = {},
): Promise<TokenizerOfBoth> {
  const none = Object.fromEntries(
    [
      'pre',
      'merges',
      'token_type',
      'bos_token_id',
      'eos_token_id',
      'unknown_token_id',
      'padding_token_id',
      'add_bos_token',
    ].map((key) => [`tokenizer.ggml.${key}`, null]),
  );
  const options = { layerCount: 1, metadata: { ...none, ...encodeTokenizer(entries), ...metadata } };
  const bytes = makeTinyModel(options);
  await writeFile(path, bytes);
  const model = await llama.loadModel({ modelPath: path, vocabOnly: true });
  return { metadata: parseGguf(bytes, path, bytes.length).metadata, model };
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
      ...{ contextSize: 128, sequences: 1, threads: 1 },
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
