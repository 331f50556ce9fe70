import { sha256 } from 'hash-wasm';
import type { GgufSource } from '../../gguf/gguf-file.ts';
import { planShards } from '../../gguf/plan.ts';
import { readChunks, type ShardFile, splitGguf } from '../../gguf/split.ts';
import { encodeManifest, type Manifest, type ManifestShard } from '../../protocol/manifest.ts';
import type { ModelSource } from '../../protocol/model-source.ts';
import { pieceLengthFor, ShardHasher } from '../metainfo/torrent-file.ts';
import { readModelFile } from './model-file.ts';
import { checkModel } from './publish-checks.ts';

/** Takes one file's bytes, in order. */
export interface FileSink {
  write(chunk: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

export interface PublishOptions {
  /** Without folders: for messages. */
  readonly fileName: string;
  /** The model's name; from the file's name unless given. */
  readonly name?: string;
  readonly shardCount: number;
  /** Where everybody may have the file. */
  readonly source?: ModelSource | undefined;
  /** Opens a place for a shard's bytes; without it they are only hashed. */
  readonly sink?: (fileName: string) => Promise<FileSink>;
  readonly signal?: AbortSignal;
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

export interface PublishedShard {
  readonly shard: ManifestShard;
  /** The `.torrent` without tracker and web seeds. */
  readonly torrent: Uint8Array<ArrayBuffer>;
  /** The shard's bytes, made from the model file when asked for. */
  readonly file: ShardFile;
}

export interface PublishedModel {
  readonly manifest: Manifest;
  /** SHA-256 of the manifest's bytes, hexadecimal: names the swarm. */
  readonly manifestId: string;
  readonly shards: readonly PublishedShard[];
}

/**
 * Splits a model file and hashes its shards, in one pass over the bytes. The same file, name, shard count and source give
 * the same manifest in Node and in a page.
 * @throws ShoalError `bad-gguf`, `truncated-gguf`, `unsupported-architecture`, `unsupported-tensor-type`,
 * `limit-exceeded`, `bad-request` (too many shards), `aborted`
 */
export async function publishModel(source: GgufSource, options: PublishOptions): Promise<PublishedModel> {
  // Its metadata is copied as it stands; nobody looks at the vocabulary.
  const file = await readModelFile(source, options.fileName, 'counted');
  const facts = checkModel(file);
  const files = splitGguf(file, source, planShards(file.tensors, facts.layerCount, options.shardCount));
  const totalBytes = files.reduce((sum, shard) => sum + shard.sizeBytes, 0);
  const pieceLength = pieceLengthFor(Math.max(...files.map(({ sizeBytes }) => sizeBytes)));
  let doneBytes = 0;
  const shards: PublishedShard[] = [];
  for (const shardFile of files) {
    shards.push(
      await publishShard(shardFile, pieceLength, options, (bytes) => {
        doneBytes += bytes;
        options.onProgress?.(doneBytes, totalBytes);
      }),
    );
  }
  const manifest: Manifest = {
    format: 'shoal-manifest-1',
    name: options.name ?? modelName(options.fileName),
    hyperparameters: facts,
    pieceLength,
    shards: shards.map(({ shard }) => shard),
    ...(options.source ? { source: options.source } : {}),
  };
  return { manifest, manifestId: await sha256(encodeManifest(manifest)), shards };
}

async function publishShard(
  file: ShardFile,
  pieceLength: number,
  { sink: openSink, signal }: PublishOptions,
  onBytes: (bytes: number) => void,
): Promise<PublishedShard> {
  const { plan, fileName, headerBytes } = file;
  const hasher = await ShardHasher.create(fileName, pieceLength);
  const sink = await openSink?.(fileName);
  try {
    for await (const chunk of readChunks(file, signal)) {
      hasher.update(chunk);
      await sink?.write(chunk);
      onBytes(chunk.length);
    }
  } finally {
    await sink?.close();
  }
  const { torrent, ...digest } = hasher.finish();
  const { index, layers, hasEmbedding, hasOutput } = plan;
  return { shard: { index, fileName, ...digest, headerBytes, layers, hasEmbedding, hasOutput }, torrent, file };
}

/** A quantisation behind a dot, as in `Some-Model.Q4_1`. */
const DOTTED_ENCODING = /\.(?=(IQ|Q|TQ)\d|B?F16|F32|MXFP4)/i;

/**
 * A model's name from its file's name, as a manifest allows it; the encoding is set off by a hyphen, as the GGUF naming
 * convention has it.
 */
export function modelName(fileName: string): string {
  const allowed = fileName
    .replace(/\.gguf$/i, '')
    .replace(DOTTED_ENCODING, '-')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');
  return allowed.slice(0, 128) || 'model';
}
