import { ShoalError } from '../core/errors.ts';
import { type AssembledFile, assembleGguf, tensorFrom } from './assemble.ts';
import type { GgufFile, GgufSource } from './gguf-file.ts';
import type { ShardPlan } from './plan.ts';
import { encodeEntry } from './write.ts';

/** Bytes read at once: splitting needs little memory, however large the file. */
const CHUNK_BYTES = 4 * 1024 * 1024;

/** A shard as a file to be: its bytes are made when asked for. */
export interface ShardFile extends AssembledFile {
  readonly plan: ShardPlan;
  /** `shard-N.gguf` */
  readonly fileName: string;
}

/**
 * A model file's shards. Each is a GGUF file of its own; the same file and plan give the same bytes everywhere. Shard 0
 * carries all metadata, the others `general.*` and `<architecture>.*`. The `split.*` keys let llama.cpp load the set.
 */
export function splitGguf(file: GgufFile, source: GgufSource, plans: readonly ShardPlan[]): ShardFile[] {
  const tensorCount = plans.reduce((sum, plan) => sum + plan.tensors.length, 0);
  return plans.map((plan) => {
    const entries = [
      ...keptMetadata(file, plan),
      ...vocabularySize(file, plan),
      // Types as llama.cpp's gguf-split writes them: the loader insists.
      encodeEntry('split.no', 'u16', plan.index),
      encodeEntry('split.count', 'u16', plans.length),
      encodeEntry('split.tensors.count', 'i32', tensorCount),
    ];
    const tensors = plan.tensors.map((tensor) => tensorFrom(source, tensor.source, tensor.name));
    return { plan, fileName: `shard-${plan.index}.gguf`, ...assembleGguf(entries, tensors, file.alignment) };
  });
}

/**
 * A file's bytes from the beginning, in chunks of at most 4 MiB.
 * @throws ShoalError `aborted`
 */
export async function* readChunks(source: GgufSource, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < source.sizeBytes; offset += CHUNK_BYTES) {
    if (signal?.aborted) throw new ShoalError('aborted', 'The operation was cancelled.');
    yield await source.read(offset, Math.min(CHUNK_BYTES, source.sizeBytes - offset));
  }
}

function keptMetadata({ rawMetadata, metadata }: GgufFile, plan: ShardPlan): Uint8Array[] {
  const architecture = `${metadata.get('general.architecture')}.`;
  const kept = (key: string) =>
    !key.startsWith('split.') && (plan.index === 0 || key.startsWith('general.') || key.startsWith(architecture));
  return [...rawMetadata].filter(([key]) => kept(key)).map(([, entry]) => entry);
}

/** A shard behind the first has no tokenizer to count: where the file leaves the count to it, the shard says it. */
function vocabularySize({ metadata }: GgufFile, { index }: ShardPlan): Uint8Array[] {
  const key = `${metadata.get('general.architecture')}.vocab_size`;
  const tokens = metadata.get('tokenizer.ggml.tokens');
  if (index === 0 || metadata.has(key) || !Array.isArray(tokens)) return [];
  return [encodeEntry(key, 'u32', tokens.length)];
}
