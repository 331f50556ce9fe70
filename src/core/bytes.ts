import type { ShoalError } from './errors.ts';

/** Makes the error of a read past the end: `offset` is where the read began, `needed` and `available` are bytes. */
export type OverrunError = (offset: number, needed: number, available: number) => ShoalError;

/** Reads little-endian values from `bytes`, in order. A read past the end throws what `overrun` makes. */
export class ByteReader {
  /** Where the next read begins. */
  offset = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #overrun: OverrunError;

  constructor(bytes: Uint8Array, overrun: OverrunError) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#overrun = overrun;
  }

  /** Bytes not read yet. */
  get remaining(): number {
    return this.#bytes.length - this.offset;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  i8(): number {
    return this.#view.getInt8(this.#take(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  i16(): number {
    return this.#view.getInt16(this.#take(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  i32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  /** A number where one holds it exactly (up to 2^53), else a bigint. */
  u64(): number | bigint {
    return narrow(this.#view.getBigUint64(this.#take(8), true));
  }

  /** A number where one holds it exactly, else a bigint. */
  i64(): number | bigint {
    return narrow(this.#view.getBigInt64(this.#take(8), true));
  }

  f32(): number {
    return this.#view.getFloat32(this.#take(4), true);
  }

  f64(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }

  /** A view of the next `length` bytes, not a copy. */
  bytes(length: number): Uint8Array {
    const start = this.#take(length);
    return this.#bytes.subarray(start, start + length);
  }

  skip(length: number): void {
    this.#take(length);
  }

  /** A view of bytes already read, from `start` to the current offset. */
  since(start: number): Uint8Array {
    return this.#bytes.subarray(start, this.offset);
  }

  #take(length: number): number {
    const start = this.offset;
    if (length > this.remaining) throw this.#overrun(start, length, this.remaining);
    this.offset = start + length;
    return start;
  }
}

function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

const FIRST_CAPACITY_BYTES = 256;

/** Writes little-endian values into a buffer that grows. Values are the caller's to keep in range. */
export class ByteWriter {
  #view: DataView<ArrayBuffer>;
  #length = 0;

  constructor(capacity: number = FIRST_CAPACITY_BYTES) {
    this.#view = new DataView(new ArrayBuffer(capacity));
  }

  /** Bytes written. */
  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    const start = this.#grow(1);
    this.#view.setUint8(start, value);
    return this;
  }

  i8(value: number): this {
    const start = this.#grow(1);
    this.#view.setInt8(start, value);
    return this;
  }

  u16(value: number): this {
    const start = this.#grow(2);
    this.#view.setUint16(start, value, true);
    return this;
  }

  i16(value: number): this {
    const start = this.#grow(2);
    this.#view.setInt16(start, value, true);
    return this;
  }

  u32(value: number): this {
    const start = this.#grow(4);
    this.#view.setUint32(start, value, true);
    return this;
  }

  i32(value: number): this {
    const start = this.#grow(4);
    this.#view.setInt32(start, value, true);
    return this;
  }

  u64(value: number | bigint): this {
    const start = this.#grow(8);
    this.#view.setBigUint64(start, BigInt(value), true);
    return this;
  }

  i64(value: number | bigint): this {
    const start = this.#grow(8);
    this.#view.setBigInt64(start, BigInt(value), true);
    return this;
  }

  f32(value: number): this {
    const start = this.#grow(4);
    this.#view.setFloat32(start, value, true);
    return this;
  }

  f64(value: number): this {
    const start = this.#grow(8);
    this.#view.setFloat64(start, value, true);
    return this;
  }

  bytes(bytes: Uint8Array): this {
    const start = this.#grow(bytes.length);
    new Uint8Array(this.#view.buffer).set(bytes, start);
    return this;
  }

  /** Zeros up to the next multiple of `alignment`. */
  pad(alignment: number): this {
    this.#grow((alignment - (this.#length % alignment)) % alignment);
    return this;
  }

  /** The bytes written: a view of the writer's buffer, which the writer no longer needs. */
  finish(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#view.buffer, 0, this.#length);
  }

  #grow(length: number): number {
    const start = this.#length;
    this.#length += length;
    if (this.#length > this.#view.byteLength) {
      const larger = new Uint8Array(Math.max(this.#length, this.#view.byteLength * 2));
      larger.set(new Uint8Array(this.#view.buffer, 0, start));
      this.#view = new DataView(larger.buffer);
    }
    return start;
  }
}

/**
 * Gives the memory of an array back at once. The garbage collector knows little of such memory, and would let hundreds
 * of megabytes gather. The array, and every other one on its buffer, is empty from then on.
 */
export function release({ buffer }: Uint8Array<ArrayBuffer>): void {
  buffer.transfer(0);
}

/** Two hexadecimal digits a byte, lower case. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** 32 hexadecimal digits that nobody can guess; `crypto.randomUUID` is missing where a page is insecure. */
export function randomId(): string {
  return toHex(crypto.getRandomValues(new Uint8Array(16)));
}

/** Of an even number of hexadecimal digits. */
export function fromHex(digits: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: digits.length / 2 }, (_, index) =>
    Number.parseInt(digits.slice(2 * index, 2 * index + 2), 16),
  );
}
