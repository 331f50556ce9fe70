import { bytesSource, type Extent, extentsOf, type GgufSource, type GgufTensor } from './gguf-file.ts';
import { encodeHeader, padded, type TensorHeader } from './write.ts';

/** A tensor whose bytes lie in another file. */
export interface TensorPart extends TensorHeader {
  readonly sizeBytes: number;
  readonly source: GgufSource;
  /** In `source`. */
  readonly offset: number;
}

/** A tensor of a file, under another name if need be. */
export function tensorFrom(source: GgufSource, tensor: GgufTensor, name = tensor.name): TensorPart {
  const { type, shape, sizeBytes, offset } = tensor;
  return { name, type, shape, sizeBytes, source, offset };
}

/** A GGUF file as a file to be: its bytes are made when asked for. */
export interface AssembledFile extends GgufSource {
  readonly headerBytes: number;
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  extents(offset: number, length: number): readonly Extent[];
}

/**
 * Puts a GGUF file together from metadata and tensors of other files.
 * @param entries - encoded by `encodeEntry`, or raw from another file
 */
export function assembleGguf(
  entries: readonly Uint8Array[],
  tensors: readonly TensorPart[],
  alignment: number,
): AssembledFile {
  const header = encodeHeader(entries, tensors, alignment);
  const segments: Segment[] = [{ start: 0, sizeBytes: header.length, source: bytesSource(header), offset: 0 }];
  let sizeBytes = header.length;
  for (const { source, offset, sizeBytes: length } of tensors) {
    segments.push({ start: sizeBytes, sizeBytes: length, source, offset });
    sizeBytes += padded(length, alignment);
  }
  const extents = (offset: number, length: number) => extentsIn(segments, offset, length);
  return {
    sizeBytes,
    headerBytes: header.length,
    read: (offset, length) => readExtents(extents(offset, length), length),
    extents,
  };
}

/** A run of the file's bytes that comes from one place; what lies between runs is padding. */
interface Segment {
  readonly start: number;
  readonly sizeBytes: number;
  readonly source: GgufSource;
  readonly offset: number;
}

function extentsIn(segments: readonly Segment[], offset: number, length: number): Extent[] {
  return segments.flatMap(({ start, sizeBytes, source, offset: sourceOffset }) => {
    const from = Math.max(offset, start);
    const to = Math.min(offset + length, start + sizeBytes);
    if (from >= to) return [];
    const parts = extentsOf(source, sourceOffset + from - start, to - from);
    return parts.map((part) => ({ ...part, at: part.at + from - offset }));
  });
}

async function readExtents(extents: readonly Extent[], length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  for (const { at, length: partLength, source, offset } of extents)
    bytes.set(await source.read(offset, partLength), at);
  return bytes;
}
