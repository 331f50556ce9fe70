import { basename } from 'node:path';
import { blobSource } from '../src/gguf/gguf-file.ts';
import { readGguf } from '../src/gguf/read.ts';
import { openModel } from './shard-folder.ts';

/**
 * Weights of a shard that an ordinary tab runs: with the KV cache and the page about 1 GB, which a machine of 4 GB can give
 * it. A larger machine takes several shards.
 */
export const TAB_WEIGHT_BYTES = 600_000_000;
/** A swarm is meant to be several tabs: with fewer shards the second one had nothing to do. */
const FEWEST = 4;

/** As many shards as suit ordinary tabs, at most one a layer. @throws ShoalError `bad-gguf`, … when it is no model file */
export async function chooseShardCount(path: string): Promise<number> {
  const source = blobSource(await openModel(path));
  const { metadata } = await readGguf(source, basename(path));
  const layers = Number(metadata.get(`${metadata.get('general.architecture')}.block_count`) ?? 1);
  return shardCountFor(source.sizeBytes, layers);
}

export function shardCountFor(sizeBytes: number, layerCount: number): number {
  return Math.max(1, Math.min(layerCount, Math.max(FEWEST, Math.ceil(sizeBytes / TAB_WEIGHT_BYTES))));
}
