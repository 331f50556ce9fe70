import { ShoalError } from '../core/errors.ts';
import type { GgufTensor } from '../gguf/gguf-file.ts';
import { isRunnable, RUNNABLE_TYPES, type RunnableType } from '../gguf/tensor-types.ts';
import type { ShardReader } from '../store/shard-store.ts';

export interface LoadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told the file bytes loaded so far. */
  readonly onProgress?: ((loadedBytes: number) => void) | undefined;
}

/** Reads parts of one shard's tensors, until the load is cancelled, and tells how far it is. */
export class TensorReader {
  readonly #reader: ShardReader;
  readonly #options: LoadOptions;
  /** Grows to the longest read. */
  #buffer = new Uint8Array();
  #loadedBytes = 0;

  constructor(reader: ShardReader, options: LoadOptions) {
    this.#reader = reader;
    this.#options = options;
  }

  /**
   * @returns bytes that hold until the next read
   * @throws ShoalError `aborted`, `shard-missing`
   */
  async read(tensor: GgufTensor, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const { signal, onProgress } = this.#options;
    if (signal?.aborted) throw new ShoalError('aborted', 'Loading was cancelled.');
    if (this.#buffer.length < length) this.#buffer = new Uint8Array(length);
    const bytes = await this.#reader.read(tensor.offset + offset, length, { signal, into: this.#buffer });
    this.#loadedBytes += length;
    onProgress?.(this.#loadedBytes);
    return bytes;
  }

  /** The tensor's type. @throws ShoalError `unsupported-tensor-type` for one that the engine does not compute on */
  runnableType({ name, type }: GgufTensor): RunnableType {
    if (isRunnable(type)) return type;
    throw new ShoalError(
      'unsupported-tensor-type',
      `${this.#reader.shard.fileName}: tensor "${name}" has type ${type}; the engine computes on ${RUNNABLE_TYPES.join(', ')}.`,
    );
  }
}
