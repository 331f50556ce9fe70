import { ShoalError } from '../../core/errors.ts';
import type { GgufSource } from '../../gguf/gguf-file.ts';
import { joinGguf, type ModelPart } from '../../gguf/join.ts';
import { planShards } from '../../gguf/plan.ts';
import { splitGguf } from '../../gguf/split.ts';
import type { Manifest } from '../../protocol/manifest.ts';
import { readModelFile } from '../../store/publish/model-file.ts';
import { modelName } from '../../store/publish/publish.ts';
import { checkModel } from '../../store/publish/publish-checks.ts';
import type { ShardReader } from '../../store/shard-store.ts';

/** Nobody else has the file, so nobody asks for its hashes. */
const NO_SHA256 = '0'.repeat(64);
const NO_INFO_HASH = '0'.repeat(40);
/** Of pieces that are never exchanged; any will do. */
const PIECE_BYTES = 1024 ** 2;

/** A model that one tab runs alone: all of it is one shard, which is made from the file as it is read. */
export interface HeldModel {
  readonly manifest: Manifest;
  readonly reader: ShardReader;
}

/**
 * A model of one file, or of a set of parts in order.
 * @throws ShoalError `bad-gguf`, `truncated-gguf`, `unsupported-architecture`, `unsupported-tensor-type`,
 * `limit-exceeded`, `bad-request` without a file
 */
export async function holdModel(parts: readonly ModelPart[], name?: string): Promise<HeldModel> {
  const [first] = parts;
  if (!first) throw new ShoalError('bad-request', 'There is no model file. Give one GGUF file, or all parts of a set.');
  const source: GgufSource = parts.length === 1 ? first.source : await joinGguf(parts);
  const file = await readModelFile(source, first.name, 'counted');
  const hyperparameters = checkModel(file);
  const [shard] = splitGguf(file, source, planShards(file.tensors, hyperparameters.layerCount, 1));
  const { plan, fileName, sizeBytes, headerBytes } = shard!;
  const { index, layers, hasEmbedding, hasOutput } = plan;
  const manifestShard = { index, fileName, sizeBytes, headerBytes, layers, hasEmbedding, hasOutput };
  const manifest: Manifest = {
    format: 'shoal-manifest-1',
    name: name ?? modelName(first.name),
    hyperparameters,
    pieceLength: PIECE_BYTES,
    shards: [{ ...manifestShard, sha256: NO_SHA256, infoHash: NO_INFO_HASH }],
  };
  const reader: ShardReader = {
    shard: manifest.shards[0]!,
    async read(offset, length, { into } = {}) {
      const bytes = await shard!.read(offset, length);
      if (!into) return bytes.slice();
      into.set(bytes);
      return into.subarray(0, length);
    },
  };
  return { manifest, reader };
}
