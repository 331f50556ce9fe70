import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteWriter } from '../../../src/core/bytes.ts';
import { ShoalError } from '../../../src/core/errors.ts';
import type { MetadataValue } from '../../../src/core/metadata.ts';
import { dequantize } from '../../../src/gguf/dequantize.ts';
import { blobSource, bytesSource } from '../../../src/gguf/gguf-file.ts';
import { MAX_ARRAY_DEPTH } from '../../../src/gguf/limits.ts';
import { parseGguf, readGguf } from '../../../src/gguf/read.ts';
import { TENSOR_TYPE_NAMES } from '../../../src/gguf/tensor-types.ts';
import type { ValueType } from '../../../src/gguf/values.ts';
import { encodeEntry, writeGguf } from '../../../src/gguf/write.ts';
import { makeTinyModel } from '../../fixtures/tiny-model.ts';
import { TINY_VOCABULARY } from '../../fixtures/tiny-tokenizer.ts';

const parse = (bytes: Uint8Array) => parseGguf(bytes, 'model.gguf', bytes.length);

/** The error that parsing `bytes` ends in. */
function failure(bytes: Uint8Array): ShoalError {
  try {
    parse(bytes);
  } catch (error) {
    if (error instanceof ShoalError) return error;
    throw error;
  }
  throw new Error('parsed without an error');
}

/** A file of `values` as F32 tensors `t0`, `t1`, … of one dimension. */
function tensorsFile(...values: number[][]): Uint8Array {
  const tensors = values.map((data, index) => ({
    name: `t${index}`,
    type: 'F32' as const,
    shape: [data.length],
    data: new Uint8Array(new Float32Array(data).buffer),
  }));
  return writeGguf([], tensors);
}

/** `bytes` with what `change` writes at `offset`. */
function patched(bytes: Uint8Array, offset: number, change: (writer: ByteWriter) => ByteWriter): Uint8Array {
  const copy = bytes.slice();
  copy.set(change(new ByteWriter()).finish(), offset);
  return copy;
}

/** A file whose metadata is `entries`, each a key and raw type and value bytes. */
function rawMetadata(entries: readonly (readonly [string, ByteWriter])[]): Uint8Array {
  const encoded = entries.map(([key, value]) => {
    const name = new TextEncoder().encode(key);
    return new ByteWriter().u64(name.length).bytes(name).bytes(value.finish()).finish();
  });
  return writeGguf(encoded, []);
}

describe('reading GGUF', () => {
  it('counts lists of texts without decoding them, where that is enough', () => {
    const bytes = writeGguf(
      [encodeEntry('words', 'string[]', ['one', 'two']), encodeEntry('after', 'string', 'read as ever')],
      [],
    );
    const { metadata } = parseGguf(bytes, 'model.gguf', bytes.length, 'counted');
    expect(metadata.get('words')).toEqual(['', '']);
    expect(metadata.get('after')).toBe('read as ever');
  });

  it.each(TENSOR_TYPE_NAMES)('reads a tiny model of %s', (type) => {
    const sizes = { width: 256, feedForwardWidth: 256, vocabularySize: TINY_VOCABULARY + 6 };
    const file = parse(makeTinyModel({ type, layerCount: 2, ...sizes }));
    expect(file.version).toBe(3);
    expect(file.metadata.get('llama.block_count')).toBe(2);
    expect(file.metadata.get('tokenizer.ggml.tokens')).toHaveLength(TINY_VOCABULARY + 6);
    expect(file.tensors).toHaveLength(2 * 9 + 3);
    expect(file.tensors[0]).toMatchObject({ name: 'token_embd.weight', type, shape: [256, TINY_VOCABULARY + 6] });
  });

  it('finds each tensor’s bytes', () => {
    const bytes = tensorsFile([1, 2, 3], [4, 5]);
    const [first, second] = parse(bytes).tensors.map(({ type, offset, sizeBytes }) =>
      dequantize(type, bytes.subarray(offset, offset + sizeBytes)),
    );
    expect(first).toEqual(Float32Array.of(1, 2, 3));
    expect(second).toEqual(Float32Array.of(4, 5));
  });

  it('reads back every kind of metadata', () => {
    const integers = (type: ValueType, min: number, max: number) =>
      fc.integer({ min, max }).map((value): readonly [ValueType, MetadataValue] => [type, value]);
    const value = fc.oneof(
      integers('u8', 0, 255),
      integers('i8', -128, 127),
      integers('u16', 0, 65_535),
      integers('i16', -32_768, 32_767),
      integers('u32', 0, 2 ** 32 - 1),
      integers('i32', -(2 ** 31), 2 ** 31 - 1),
      fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((big) => ['u64', narrowed(big)] as const),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((big) => ['i64', narrowed(big)] as const),
      fc.float({ noNaN: true }).map((number) => ['f32', number] as const),
      fc.double({ noNaN: true }).map((number) => ['f64', number] as const),
      fc.boolean().map((flag) => ['bool', flag] as const),
      fc.string({ unit: 'grapheme' }).map((text) => ['string', text] as const),
      fc.array(fc.string({ unit: 'grapheme' })).map((texts) => ['string[]', texts] as const),
      fc.array(fc.integer({ min: -9, max: 9 })).map((numbers) => ['i32[]', numbers] as const),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), value), (dictionary) => {
        delete dictionary['general.alignment'];
        const entries = Object.entries(dictionary);
        const file = parse(
          writeGguf(
            entries.map(([key, [type, item]]) => encodeEntry(key, type, item)),
            [],
          ),
        );
        expect([...file.metadata]).toEqual(entries.map(([key, [, item]]) => [key, item]));
      }),
    );
  });

  it('keeps a byte order mark, which is a token like any other', () => {
    const file = parse(writeGguf([encodeEntry('tokens', 'string[]', ['\ufeff', '\ufeffa'])], []));
    expect(file.metadata.get('tokens')).toEqual(['\ufeff', '\ufeffa']);
  });

  it('keeps entries as they stand, so that a copy of the file is the file', () => {
    const bytes = makeTinyModel({ layerCount: 1 });
    const file = parse(bytes);
    const tensors = file.tensors.map((tensor) => ({
      ...tensor,
      data: bytes.subarray(tensor.offset, tensor.offset + tensor.sizeBytes),
    }));
    expect(Buffer.compare(writeGguf([...file.rawMetadata.values()], tensors), bytes)).toBe(0);
  });

  it('reads from a source whose header is longer than the first window', async () => {
    const long = 'x'.repeat(3 * 1024 * 1024);
    const bytes = writeGguf([encodeEntry('a', 'string', long), encodeEntry('b', 'string', long)], []);
    const reads: number[] = [];
    const source = {
      sizeBytes: bytes.length,
      read: (offset: number, length: number) => {
        reads.push(length);
        return bytesSource(bytes).read(offset, length);
      },
    };
    const file = await readGguf(source, 'model.gguf');
    expect(file.metadata.get('b')).toBe(long);
    expect(reads).toHaveLength(2);
    const dropped = await readGguf(blobSource(new Blob([bytes])), 'model.gguf');
    expect(dropped.metadata).toEqual(file.metadata);
  });

  it('reads version 2', () => {
    const file = parse(patched(tensorsFile([1]), 4, (writer) => writer.u32(2)));
    expect(file.version).toBe(2);
    expect(file.tensors[0]?.shape).toEqual([1]);
  });
});

describe('refusing what is no GGUF', () => {
  const model = makeTinyModel({ layerCount: 1, type: 'Q4_0' });

  it('says truncated wherever the file is cut', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: parse(model).headerBytes - 1 }), (length) => {
        expect(failure(model.subarray(0, length)).code).toBe('truncated-gguf');
      }),
      { numRuns: 300 },
    );
    // Behind the last tensor there is only padding.
    const last = parse(model).tensors.at(-1)!;
    expect(failure(model.subarray(0, last.offset + last.sizeBytes - 1)).code).toBe('truncated-gguf');
    expect(failure(model.subarray(0, last.offset + last.sizeBytes - 1)).message).toMatch(
      /^model\.gguf is cut short: tensor "output\.weight" ends at offset \d+, the file at \d+/,
    );
  });

  it('answers any change of any byte with a model or a ShoalError, and soon', () => {
    const header = parse(model).headerBytes;
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: header - 8 }),
        fc.uint8Array({ minLength: 1, maxLength: 8 }),
        (offset, change) => {
          const bytes = model.slice();
          bytes.set(change, offset);
          try {
            parse(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(ShoalError);
            expect(['bad-gguf', 'truncated-gguf', 'unsupported-tensor-type']).toContain((error as ShoalError).code);
          }
        },
      ),
      { numRuns: 2000 },
    );
  });

  it.each<[string, Uint8Array, string, RegExp]>([
    [
      'another format',
      new TextEncoder().encode('PK\x03\x04 a zip file'),
      'bad-gguf',
      /50 4b 03 04, expected 47 47 55 46/,
    ],
    ['version 1', patched(model, 4, (w) => w.u32(1)), 'bad-gguf', /version 1, expected 2 or 3/],
    ['big-endian', patched(model, 4, (w) => w.u32(0x03000000)), 'bad-gguf', /big-endian/],
    ['too many tensors', patched(model, 8, (w) => w.u64(2n ** 63n)), 'bad-gguf', /9223372036854775808 tensors/],
    ['too many entries', patched(model, 16, (w) => w.u64(70_000)), 'bad-gguf', /70000 metadata entries, at most 65536/],
    ['a long key', patched(model, 24, (w) => w.u64(70_000)), 'bad-gguf', /metadata key 0 has 70000 bytes/],
    ['a key that is no text', patched(model, 32, (w) => w.u8(0xff)), 'bad-gguf', /metadata key 0 is not valid UTF-8/],
    [
      'a long string',
      rawMetadata([['k', new ByteWriter().u32(8).u64(2 ** 40)]]),
      'bad-gguf',
      /"k" has 1099511627776 bytes/,
    ],
    ['an unknown value type', rawMetadata([['k', new ByteWriter().u32(13)]]), 'bad-gguf', /"k" has value type 13/],
    [
      'a huge array',
      rawMetadata([
        [
          'k',
          new ByteWriter()
            .u32(9)
            .u32(0)
            .u64(2 ** 30),
        ],
      ]),
      'bad-gguf',
      /"k" has 1073741824 elements/,
    ],
    [
      'an array longer than the file',
      rawMetadata([['k', new ByteWriter().u32(9).u32(8).u64(10_000)]]),
      'truncated-gguf',
      /"k" has 10000 elements/,
    ],
    [
      'a doubled key',
      rawMetadata([
        ['k', new ByteWriter().u32(7).u8(1)],
        ['k', new ByteWriter().u32(7).u8(1)],
      ]),
      'bad-gguf',
      /"k" occurs twice/,
    ],
    [
      'a bad alignment',
      rawMetadata([['general.alignment', new ByteWriter().u32(4).u32(48)]]),
      'bad-gguf',
      /alignment is 48/,
    ],
  ])('refuses %s', (_, bytes, code, message) => {
    const error = failure(bytes);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(error.message).toContain('model.gguf');
  });

  it('bounds how deep arrays nest', () => {
    const nested = (depth: number) => {
      const writer = new ByteWriter().u32(9);
      for (let level = 1; level < depth; level++) writer.u32(9).u64(1);
      return rawMetadata([['k', writer.u32(0).u64(1).u8(5)]]);
    };
    expect(parse(nested(2)).metadata.get('k')).toEqual([[5]]);
    expect(parse(nested(MAX_ARRAY_DEPTH)).metadata.has('k')).toBe(true);
    expect(failure(nested(MAX_ARRAY_DEPTH + 1)).message).toMatch(/nests arrays more than 4 deep/);
  });

  // Tensor t0's row: name length 8, name 2, dimensions 4, one dimension 8, type 4, offset 8; it begins at 24.
  const two = tensorsFile([1, 2, 3], [4, 5]);
  const secondRow = 24 + 34;
  it.each<[string, Uint8Array, string, RegExp]>([
    ['a long name', patched(two, 24, (w) => w.u64(64)), 'bad-gguf', /name of tensor 0 has 64 bytes/],
    ['a doubled name', patched(two, secondRow + 9, (w) => w.u8(0x30)), 'bad-gguf', /"t0" occurs twice/],
    ['no dimension', patched(two, 34, (w) => w.u32(0)), 'bad-gguf', /"t0" has 0 dimensions/],
    ['five dimensions', patched(two, 34, (w) => w.u32(5)), 'bad-gguf', /"t0" has 5 dimensions/],
    ['an empty dimension', patched(two, 38, (w) => w.u64(0)), 'bad-gguf', /impossible shape \[0\]/],
    ['an endless dimension', patched(two, 38, (w) => w.u64(2n ** 60n)), 'bad-gguf', /impossible shape/],
    ['a dimension past the end', patched(two, 38 + 34, (w) => w.u64(2 ** 20)), 'truncated-gguf', /"t1" ends at/],
    [
      'half a block',
      patched(two, 46, (w) => w.u32(2)),
      'bad-gguf',
      /rows of 3 elements, expected a multiple of 32 for Q4_0/,
    ],
    [
      'a type of elsewhere',
      patched(two, 46, (w) => w.u32(19)),
      'unsupported-tensor-type',
      /"t0" has type IQ1_S; supported are F32, F16, Q4_0/,
    ],
    ['an unknown type', patched(two, 46, (w) => w.u32(99)), 'unsupported-tensor-type', /type number 99/],
    ['a crooked offset', patched(two, 50, (w) => w.u64(4)), 'bad-gguf', /expected a multiple of 32/],
    ['overlapping tensors', patched(two, secondRow + 26, (w) => w.u64(0)), 'bad-gguf', /inside the tensor before it/],
    ['an offset past the end', patched(two, secondRow + 26, (w) => w.u64(2 ** 30)), 'truncated-gguf', /"t1" ends at/],
  ])('refuses a tensor table with %s', (_, bytes, code, message) => {
    const error = failure(bytes);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });
});

function narrowed(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}
