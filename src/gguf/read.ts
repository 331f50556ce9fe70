import { ByteReader } from '../core/bytes.ts';
import { ShoalError } from '../core/errors.ts';
import type { MetadataValue } from '../core/metadata.ts';
import type { GgufFile, GgufSource } from './gguf-file.ts';
import { MAX_ALIGNMENT, MAX_HEADER_BYTES, MAX_KEY_BYTES, MAX_METADATA_ENTRIES, MAX_TENSORS } from './limits.ts';
import { checkExtents, readTensorTable } from './tensor-table.ts';
import { readName, readValue, type ValueContext } from './values.ts';

/** Source: the GGUF specification. */
const DEFAULT_ALIGNMENT = 32;
/** First guess at the header's length where nobody knows better: enough for a vocabulary of 50,000. */
const FIRST_WINDOW_BYTES = 2 * 1024 * 1024;

/**
 * Reads a model file's header: metadata and tensor table. Versions 2 and 3, little-endian.
 * @param name - what messages call the file
 * @param texts - as `parseGguf`
 * @throws ShoalError `bad-gguf`, `truncated-gguf`, `unsupported-tensor-type`
 */
export async function readGguf(
  source: GgufSource,
  name: string,
  texts: ValueContext['texts'] = 'read',
): Promise<GgufFile> {
  const limit = Math.min(source.sizeBytes, MAX_HEADER_BYTES);
  for (let window = Math.min(source.headerBytes ?? FIRST_WINDOW_BYTES, limit); ; window = Math.min(window * 4, limit)) {
    const bytes = await source.read(0, window);
    try {
      return parseGguf(bytes, name, source.sizeBytes, texts);
    } catch (error) {
      if (!(error instanceof HeaderCut) || window === limit) throw error;
    }
  }
}

/** The header goes on behind the bytes at hand. */
class HeaderCut extends ShoalError {}

/**
 * Reads a header that is in memory.
 * @param bytes - the file's beginning, at least the whole header
 * @param sizeBytes - the whole file's length
 * @param texts - `counted` where nobody looks into lists of texts: a vocabulary takes time and memory, and its texts are
 * then empty
 * @throws ShoalError `bad-gguf`, `truncated-gguf`, `unsupported-tensor-type`
 */
export function parseGguf(
  bytes: Uint8Array,
  name: string,
  sizeBytes: number,
  texts: ValueContext['texts'] = 'read',
): GgufFile {
  const reader = new ByteReader(
    bytes,
    (offset, needed, available) =>
      new HeaderCut(
        'truncated-gguf',
        `${name} is cut short: ${needed} bytes expected at offset ${offset}, ${available} found. Download it again.`,
      ),
  );
  const context: ValueContext = {
    reader,
    fileBytes: sizeBytes,
    texts,
    bad: (problem) => new ShoalError('bad-gguf', `${name} is not a valid GGUF file: ${problem}.`),
    truncated: (problem) => new ShoalError('truncated-gguf', `${name} is cut short: ${problem}. Download it again.`),
  };
  const version = readVersion(context);
  const tensorCount = readCount(context, 'tensors', MAX_TENSORS);
  const entryCount = readCount(context, 'metadata entries', MAX_METADATA_ENTRIES);
  const metadata = new Map<string, MetadataValue>();
  const rawMetadata = new Map<string, Uint8Array>();
  for (let index = 0; index < entryCount; index++) {
    const start = reader.offset;
    const key = readName(context, `metadata key ${index}`, MAX_KEY_BYTES);
    if (metadata.has(key)) throw context.bad(`metadata key "${key}" occurs twice`);
    metadata.set(key, readValue(context, key));
    rawMetadata.set(key, reader.since(start));
  }
  const alignment = readAlignment(context, metadata.get('general.alignment'));
  const rows = readTensorTable(context, tensorCount, name);
  const headerBytes = Math.ceil(reader.offset / alignment) * alignment;
  const tensors = rows.map((row) => ({ ...row, offset: headerBytes + row.offset }));
  checkExtents(context, tensors, alignment);
  return { name, version, metadata, rawMetadata, tensors, alignment, headerBytes };
}

function readVersion({ reader, bad }: ValueContext): number {
  const magic = reader.bytes(4);
  if (String.fromCharCode(...magic) !== 'GGUF') {
    const hex = [...magic].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    throw bad(`it begins with the bytes ${hex}, expected 47 47 55 46 ("GGUF")`);
  }
  const version = reader.u32();
  if (version === 0x02000000 || version === 0x03000000) throw bad('it is big-endian, expected little-endian');
  if (version !== 2 && version !== 3) throw bad(`it has format version ${version}, expected 2 or 3`);
  return version;
}

function readCount({ reader, bad }: ValueContext, what: string, max: number): number {
  const count = reader.u64();
  if (count > max) throw bad(`it claims ${count} ${what}, at most ${max} are allowed`);
  return Number(count);
}

function readAlignment({ bad }: ValueContext, value: MetadataValue | undefined): number {
  if (value === undefined) return DEFAULT_ALIGNMENT;
  const valid = typeof value === 'number' && value >= 8 && value <= MAX_ALIGNMENT && Number.isInteger(Math.log2(value));
  if (!valid) throw bad(`general.alignment is ${value}, expected a power of two from 8 to ${MAX_ALIGNMENT}`);
  return value;
}
