import type { Metadata } from '../core/metadata.ts';
import type { TensorTypeName } from './tensor-types.ts';

/** Random access to a file's bytes, in Node or in a page. */
export interface GgufSource {
  readonly sizeBytes: number;
  /** Exactly `length` bytes from `offset`; the range lies within the file. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** Bytes before the tensor data, as far as anybody knows: so many are read first. */
  readonly headerBytes?: number;
  /** Where a range's bytes lie, of a file that is put together from others. */
  extents?(offset: number, length: number): readonly Extent[];
}

/** A run of one file's bytes within another file. */
export interface Extent {
  /** From the beginning of the range that was asked for; what lies between extents is zero. */
  readonly at: number;
  readonly length: number;
  /** The file that has the bytes: not put together from others. */
  readonly source: GgufSource;
  /** In `source`. */
  readonly offset: number;
}

/** Where a range's bytes lie: in the file itself, or in those that it is put together from. */
export function extentsOf(source: GgufSource, offset: number, length: number): readonly Extent[] {
  return source.extents?.(offset, length) ?? [{ at: 0, length, source, offset }];
}

/** One row of the tensor table. */
export interface GgufTensor {
  readonly name: string;
  readonly type: TensorTypeName;
  /** Innermost dimension first, as in the file: `[C, V]` for a token embedding of V rows. */
  readonly shape: readonly number[];
  /** From the beginning of the file. */
  readonly offset: number;
  readonly sizeBytes: number;
}

/** A model file without its tensors' bytes. */
export interface GgufFile {
  /** What messages call the file. */
  readonly name: string;
  readonly version: number;
  readonly metadata: Metadata;
  /** The same entries as they stand in the file (key, type and value), so that a copy loses nothing. */
  readonly rawMetadata: ReadonlyMap<string, Uint8Array>;
  readonly tensors: readonly GgufTensor[];
  /** Tensor data begins at multiples of this. */
  readonly alignment: number;
  /** Bytes before the tensor data. */
  readonly headerBytes: number;
}

/** A file in memory as a source. */
export function bytesSource(bytes: Uint8Array): GgufSource {
  return { sizeBytes: bytes.length, read: async (offset, length) => bytes.subarray(offset, offset + length) };
}

/** A file that the person chose or dropped as a source. */
export function blobSource(blob: Blob): GgufSource {
  return {
    sizeBytes: blob.size,
    read: async (offset, length) => new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer()),
  };
}
