import { ByteWriter } from '../core/bytes.ts';
import type { MetadataValue } from '../core/metadata.ts';
import { TENSOR_TYPES, type TensorTypeName, tensorBytes } from './tensor-types.ts';
import { type ValueType, writeString, writeValue } from './values.ts';

const VERSION = 3;

/** A tensor to write: its place is the writer's to choose. */
export interface TensorHeader {
  readonly name: string;
  readonly type: TensorTypeName;
  /** Innermost dimension first. */
  readonly shape: readonly number[];
}

/** One metadata entry as the format stores it: key, type, value. */
export function encodeEntry(key: string, type: ValueType, value: MetadataValue): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  writeString(writer, key);
  writeValue(writer, type, value);
  return writer.finish();
}

/**
 * Header, metadata and tensor table, padded: the tensor data follows, every tensor padded to `alignment`, in order.
 * @param entries - encoded by `encodeEntry`, or raw from another file
 */
export function encodeHeader(
  entries: readonly Uint8Array[],
  tensors: readonly TensorHeader[],
  alignment: number,
): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter();
  writer.bytes(new TextEncoder().encode('GGUF')).u32(VERSION).u64(tensors.length).u64(entries.length);
  for (const entry of entries) writer.bytes(entry);
  let offset = 0;
  for (const { name, type, shape } of tensors) {
    writeString(writer, name);
    writer.u32(shape.length);
    for (const dimension of shape) writer.u64(dimension);
    writer.u32(TENSOR_TYPES[type].id).u64(offset);
    offset += padded(sizeOf(type, shape), alignment);
  }
  return writer.pad(alignment).finish();
}

/** `sizeBytes` and the padding behind it. */
export function padded(sizeBytes: number, alignment: number): number {
  return Math.ceil(sizeBytes / alignment) * alignment;
}

function sizeOf(type: TensorTypeName, shape: readonly number[]): number {
  return tensorBytes(
    type,
    shape.reduce((product, dimension) => product * dimension, 1),
  );
}

/** A whole model file in memory, for small models. `data` must have the length that type and shape ask for. */
export function writeGguf(
  entries: readonly Uint8Array[],
  tensors: readonly (TensorHeader & { readonly data: Uint8Array })[],
  alignment = 32,
): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter().bytes(encodeHeader(entries, tensors, alignment));
  for (const { data } of tensors) writer.bytes(data).pad(alignment);
  return writer.finish();
}
