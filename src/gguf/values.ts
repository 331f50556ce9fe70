import type { ByteReader, ByteWriter } from '../core/bytes.ts';
import type { ShoalError } from '../core/errors.ts';
import type { MetadataValue } from '../core/metadata.ts';
import { MAX_ARRAY_DEPTH, MAX_ARRAY_LENGTH, MAX_STRING_BYTES } from './limits.ts';
import { decodeAllLenient, decodeLenient, decodeStrict } from './strings.ts';

/** Value types by the format's number; `array` is 9. */
const SCALARS = [
  'u8',
  'i8',
  'u16',
  'i16',
  'u32',
  'i32',
  'f32',
  'bool',
  'string',
  undefined,
  'u64',
  'i64',
  'f64',
] as const;
const ARRAY = 9;

export type ScalarType = Exclude<(typeof SCALARS)[number], undefined>;
/** A value's type as Shoal writes it: `u32`, or `string[]` for an array of strings. */
export type ValueType = ScalarType | `${ScalarType}[]`;

/** Fewest bytes of one value, so that an impossible array length is refused before anything is allocated. */
const MIN_BYTES: Readonly<Record<ScalarType, number>> = {
  u8: 1,
  i8: 1,
  u16: 2,
  i16: 2,
  u32: 4,
  i32: 4,
  f32: 4,
  bool: 1,
  string: 8,
  u64: 8,
  i64: 8,
  f64: 8,
};
/** An array's element type and length. */
const MIN_ARRAY_BYTES = 12;

/** What a reader of values needs to know of the file. */
export interface ValueContext {
  readonly reader: ByteReader;
  readonly fileBytes: number;
  /** Whether lists of texts are read, or counted only: their texts are then empty. */
  readonly texts: 'read' | 'counted';
  /** A `bad-gguf` error of this file. */
  readonly bad: (problem: string) => ShoalError;
  /** A `truncated-gguf` error of this file. */
  readonly truncated: (problem: string) => ShoalError;
}

const encoder = new TextEncoder();

/** A name that others will look up: at most `maxBytes` of valid UTF-8. @throws ShoalError `bad-gguf` */
export function readName(context: ValueContext, what: string, maxBytes: number): string {
  const bytes = context.reader.bytes(readLength(context, what, maxBytes));
  try {
    return decodeStrict(bytes);
  } catch {
    throw context.bad(`${what} is not valid UTF-8`);
  }
}

/** A type number and its value. @throws ShoalError `bad-gguf` */
export function readValue(context: ValueContext, key: string): MetadataValue {
  return readTyped(context, key, context.reader.u32(), 0);
}

function readTyped(context: ValueContext, key: string, type: number, depth: number): MetadataValue {
  if (type === ARRAY) return readArray(context, key, depth + 1);
  return readScalar(context, key, scalarType(context, key, type));
}

function scalarType(context: ValueContext, key: string, type: number): ScalarType {
  const scalar = SCALARS[type];
  if (!scalar) throw context.bad(`"${key}" has value type ${type}, expected 0 to 12`);
  return scalar;
}

function readArray(context: ValueContext, key: string, depth: number): MetadataValue[] {
  const { reader, bad, truncated, fileBytes } = context;
  if (depth > MAX_ARRAY_DEPTH) throw bad(`"${key}" nests arrays more than ${MAX_ARRAY_DEPTH} deep`);
  const type = reader.u32();
  const minBytes = type === ARRAY ? MIN_ARRAY_BYTES : MIN_BYTES[scalarType(context, key, type)];
  const length = reader.u64();
  if (length > MAX_ARRAY_LENGTH) throw bad(`"${key}" has ${length} elements, at most ${MAX_ARRAY_LENGTH} are allowed`);
  if (Number(length) * minBytes > fileBytes - reader.offset)
    throw truncated(`"${key}" has ${length} elements, more than the file has room for`);
  if (SCALARS[type] === 'string') return readStrings(context, key, Number(length));
  return Array.from({ length: Number(length) }, () => readTyped(context, key, type, depth));
}

function readStrings(context: ValueContext, key: string, count: number): string[] {
  const { reader } = context;
  const first = reader.offset;
  const starts = new Uint32Array(count);
  const ends = new Uint32Array(count);
  for (let index = 0; index < count; index++) {
    const length = readTextLength(context, key);
    starts[index] = reader.offset - first;
    reader.skip(length);
    ends[index] = reader.offset - first;
  }
  if (context.texts === 'counted') return new Array<string>(count).fill('');
  return decodeAllLenient(reader.since(first), starts, ends);
}

function readScalar(context: ValueContext, key: string, type: ScalarType): MetadataValue {
  const { reader } = context;
  if (type === 'string') return decodeLenient(reader.bytes(readTextLength(context, key)));
  if (type === 'bool') return reader.u8() !== 0;
  return reader[type]();
}

function readTextLength(context: ValueContext, key: string): number {
  return readLength(context, `the value of "${key}"`, MAX_STRING_BYTES);
}

/** Of a string, bytes. */
function readLength({ reader, bad }: ValueContext, what: string, maxBytes: number): number {
  const length = reader.u64();
  if (length > maxBytes) throw bad(`${what} has ${length} bytes, at most ${maxBytes} are allowed`);
  return Number(length);
}

/** A string as the format stores it: u64 byte length, UTF-8. */
export function writeString(writer: ByteWriter, text: string): void {
  const bytes = encoder.encode(text);
  writer.u64(bytes.length).bytes(bytes);
}

/** The type number and the value. `value` must be of `type`. */
export function writeValue(writer: ByteWriter, type: ValueType, value: MetadataValue): void {
  if (!Array.isArray(value)) {
    writer.u32(SCALARS.indexOf(type as ScalarType));
    writeScalar(writer, type as ScalarType, value);
    return;
  }
  const element = type.slice(0, -2) as ScalarType;
  writer.u32(ARRAY).u32(SCALARS.indexOf(element)).u64(value.length);
  for (const item of value) writeScalar(writer, element, item);
}

function writeScalar(writer: ByteWriter, type: ScalarType, value: MetadataValue): void {
  switch (type) {
    case 'string':
      writeString(writer, value as string);
      break;
    case 'bool':
      writer.u8(value ? 1 : 0);
      break;
    case 'u64':
    case 'i64':
      writer[type](value as number | bigint);
      break;
    default:
      writer[type](value as number);
  }
}
