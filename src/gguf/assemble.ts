import { bytesSource, type GgufSource, type GgufTensor } from './gguf-file.ts';
import { encodeHeader, padded, type TensorHeader } from './write.ts';

/** A tensor whose bytes lie somewhere else. */
export interface TensorPart extends TensorHeader {
  readonly sizeBytes: number;
  /** Exactly `length` of its bytes from `offset`. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** A tensor of a file, under another name if need be. */
export function tensorFrom(source: GgufSource, tensor: GgufTensor, name = tensor.name): TensorPart {
  const { type, shape, sizeBytes } = tensor;
  return { name, type, shape, sizeBytes, read: (offset, length) => source.read(tensor.offset + offset, length) };
}

/** A GGUF file as a file to be: its bytes are made when asked for. */
export interface AssembledFile extends GgufSource {
  /** Bytes before the tensor data. */
  readonly headerBytes: number;
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
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
  const segments: Segment[] = [{ start: 0, sizeBytes: header.length, read: bytesSource(header).read }];
  let sizeBytes = header.length;
  for (const tensor of tensors) {
    segments.push({
      start: sizeBytes,
      sizeBytes: tensor.sizeBytes,
      read: (offset, length) => tensor.read(offset, length),
    });
    sizeBytes += padded(tensor.sizeBytes, alignment);
  }
  return {
    sizeBytes,
    headerBytes: header.length,
    read: (offset, length) => readSegments(segments, offset, length),
  };
}

/** A run of the file's bytes that comes from one place; what lies between runs is padding. */
interface Segment {
  readonly start: number;
  readonly sizeBytes: number;
  read(offset: number, length: number): Promise<Uint8Array>;
}

async function readSegments(
  segments: readonly Segment[],
  offset: number,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  for (const { start, sizeBytes, read } of segments) {
    const from = Math.max(offset, start);
    const to = Math.min(offset + length, start + sizeBytes);
    if (from < to) bytes.set(await read(from - start, to - from), from - offset);
  }
  return bytes;
}
