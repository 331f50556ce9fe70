import { GROUP_ROWS } from '../blocks/row-groups.ts';
import { ShoalError } from '../core/errors.ts';
import { dequantize } from '../gguf/dequantize.ts';
import type { GgufTensor } from '../gguf/gguf-file.ts';
import { type PairedHead, pairedRow, type RowPart } from '../model/graph.ts';
import type { Hyperparameters } from '../model/hyperparameters.ts';
import type { ShardReader } from '../store/shard-store.ts';
import type { OrderedTensor } from './weights.ts';

export interface LoadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told the file bytes loaded so far. */
  readonly onProgress?: ((loadedBytes: number) => void) | undefined;
}

const EVERY_ROW: RowPart = { every: 1, first: 0, end: 1 };

/** Reads parts of one shard's tensors, until the load is cancelled, and tells how far it is. */
export class TensorReader {
  readonly #reader: ShardReader;
  readonly #model: Hyperparameters;
  readonly #options: LoadOptions;
  /** Grow to the longest read. */
  #buffer = new Uint8Array();
  #ordered = new Uint8Array();
  #loadedBytes = 0;

  constructor(reader: ShardReader, model: Hyperparameters, options: LoadOptions) {
    this.#reader = reader;
    this.#model = model;
    this.#options = options;
  }

  /**
   * The rows of a tensor that are used, about `chunkBytes` of the file at a time, in their order. A row is `rowBytes` of the
   * file: of a vector one element.
   * @returns chunks of whole groups of four rows but for the last; their bytes hold until the next
   * @throws ShoalError `aborted`, `shard-missing`
   */
  async *rows(
    { tensor, pairedRows, pairedHead, part = EVERY_ROW }: OrderedTensor,
    rowBytes: number,
    chunkBytes: number,
  ): AsyncGenerator<{ readonly first: number; readonly bytes: Uint8Array<ArrayBuffer> }> {
    const used = part.end - part.first;
    // Rows of a head change places: a chunk has whole heads.
    const head = pairedHead ?? { size: this.#model.headSize, rotated: this.#model.ropeDimensions };
    const unit = Math.max(1, (pairedRows === 0 ? GROUP_ROWS : head.size) / used);
    const roundBytes = part.every * rowBytes;
    const rounds = tensor.sizeBytes / roundBytes;
    const most = unit * Math.max(1, Math.floor(chunkBytes / roundBytes / unit));
    for (let round = 0; round < rounds; round += most) {
      const count = Math.min(most, rounds - round);
      const read = await this.#read(tensor, round * roundBytes, count * roundBytes, used / part.every);
      const bytes = part === EVERY_ROW ? read : pick(read, part, rowBytes);
      const first = round * used;
      const paired = Math.max(0, Math.min(count * used, pairedRows - first));
      yield { first, bytes: paired === 0 ? bytes : this.#pair(bytes, rowBytes, paired, head) };
    }
  }

  /** A vector, or several one behind the other, as f32. @throws ShoalError `aborted`, `shard-missing` */
  async vector(ordered: OrderedTensor): Promise<Float32Array> {
    const { tensor } = ordered;
    const length = tensor.shape.reduce((product, dimension) => product * dimension, 1);
    const rowBytes = tensor.sizeBytes / length;
    const values = new Float32Array(length);
    for await (const { first, bytes } of this.rows(ordered, rowBytes, tensor.sizeBytes))
      values.set(dequantize(tensor.type, bytes), first);
    return values;
  }

  /** Puts the first `paired` rows, whole heads, in their places. */
  #pair(
    bytes: Uint8Array<ArrayBuffer>,
    rowBytes: number,
    paired: number,
    { size, rotated }: PairedHead,
  ): Uint8Array<ArrayBuffer> {
    if (this.#ordered.length < bytes.length) this.#ordered = new Uint8Array(bytes.length);
    for (let row = 0; row * rowBytes < bytes.length; row++) {
      const to = row < paired ? pairedRow(row, size, rotated) : row;
      this.#ordered.set(bytes.subarray(row * rowBytes, (row + 1) * rowBytes), to * rowBytes);
    }
    return this.#ordered.subarray(0, bytes.length);
  }

  /** @param used - share of the bytes that counts as loaded: others read the rest */
  async #read(tensor: GgufTensor, offset: number, length: number, used: number): Promise<Uint8Array<ArrayBuffer>> {
    const { signal, onProgress } = this.#options;
    if (signal?.aborted) throw new ShoalError('aborted', 'Loading was cancelled.');
    if (this.#buffer.length < length) this.#buffer = new Uint8Array(length);
    const bytes = await this.#reader.read(tensor.offset + offset, length, { signal, into: this.#buffer });
    this.#loadedBytes += length * used;
    onProgress?.(this.#loadedBytes);
    return bytes;
  }
}

/** Moves the rows of a part together, in place. */
function pick(
  bytes: Uint8Array<ArrayBuffer>,
  { every, first, end }: RowPart,
  rowBytes: number,
): Uint8Array<ArrayBuffer> {
  const [roundBytes, usedBytes] = [every * rowBytes, (end - first) * rowBytes];
  let to = 0;
  for (let round = 0; round < bytes.length; round += roundBytes, to += usedBytes)
    bytes.copyWithin(to, round + first * rowBytes, round + end * rowBytes);
  return bytes.subarray(0, to);
}
