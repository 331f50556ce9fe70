import type { MetadataValue } from '../core/metadata.ts';
import { assembleGguf, tensorFrom } from './assemble.ts';
import type { GgufSource } from './gguf-file.ts';
import { readGguf } from './read.ts';
import type { ValueType } from './values.ts';
import { encodeEntry } from './write.ts';

/**
 * A model file with one metadata entry more, or another value of it; its bytes are made when asked for.
 * @param fileName - for messages
 * @throws ShoalError as `readGguf`
 */
export async function withEntry(
  source: GgufSource,
  fileName: string,
  [key, type, value]: readonly [key: string, type: ValueType, value: MetadataValue],
): Promise<GgufSource> {
  const file = await readGguf(source, fileName, 'counted');
  const entries = new Map<string, Uint8Array>(file.rawMetadata).set(key, encodeEntry(key, type, value));
  const tensors = file.tensors.map((tensor) => tensorFrom(source, tensor));
  return assembleGguf([...entries.values()], tensors, file.alignment);
}
