import { open } from 'node:fs/promises';
import { bytesSource, type GgufSource } from '../../src/gguf/gguf-file.ts';
import { planShards } from '../../src/gguf/plan.ts';
import { splitGguf } from '../../src/gguf/split.ts';
import type { Hyperparameters } from '../../src/model/hyperparameters.ts';
import { readHyperparameters } from '../../src/model/read-hyperparameters.ts';
import { readModelFile } from '../../src/store/publish/model-file.ts';
import type { ShardReader } from '../../src/store/shard-store.ts';

/** A model cut into shards that are read from memory or from the whole file. */
export interface SplitModel {
  readonly hyperparameters: Hyperparameters;
  readonly readers: readonly ShardReader[];
}

/** Splits a whole GGUF; nobody checks hashes here, so they are zeros. */
export async function splitModel(source: GgufSource, shardCount: number): Promise<SplitModel> {
  const file = await readModelFile(source, 'model.gguf');
  const hyperparameters = readHyperparameters(file);
  const shards = splitGguf(file, source, planShards(file.tensors, hyperparameters.layerCount, shardCount));
  const readers = shards.map(({ plan, fileName, sizeBytes, headerBytes, read }) => ({
    shard: {
      index: plan.index,
      fileName,
      sizeBytes,
      sha256: '0'.repeat(64),
      infoHash: '0'.repeat(40),
      headerBytes,
      layers: plan.layers,
      hasEmbedding: plan.hasEmbedding,
      hasOutput: plan.hasOutput,
    },
    read: async (offset: number, length: number) => Uint8Array.from(await read(offset, length)),
  }));
  return { hyperparameters, readers };
}

/** As `splitModel`, of a file's bytes. */
export function splitBytes(bytes: Uint8Array, shardCount: number): Promise<SplitModel> {
  return splitModel(bytesSource(bytes), shardCount);
}

/** A file as a source; `close` when done. */
export async function openFileSource(path: string): Promise<GgufSource & { close(): Promise<void> }> {
  const handle = await open(path);
  const { size } = await handle.stat();
  return {
    sizeBytes: size,
    read: async (offset, length) => {
      const { buffer, bytesRead } = await handle.read(new Uint8Array(length), 0, length, offset);
      return buffer.subarray(0, bytesRead);
    },
    close: () => handle.close(),
  };
}
