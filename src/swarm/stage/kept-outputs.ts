import { ShoalError } from '../../core/errors.ts';

/** Memory for kept outputs at one node: about 110,000 positions at C = 576, 8,000 at C = 8192. */
const MAX_KEPT_BYTES = 256 * 1024 * 1024;

/** Token positions `[start, end)` of a session. */
export interface PositionRange {
  readonly start: number;
  readonly end: number;
}

/** Outputs of positions one after the other. */
export interface Chunk {
  readonly position: number;
  /** `[T, C]` */
  readonly hidden: Float32Array;
}

interface SessionOutputs {
  chunks: Chunk[];
  /** Something was dropped: what is left cannot rebuild a neighbour. */
  incomplete: boolean;
}

/**
 * What this node's stage has sent to the next one, by session, so that the next one can be rebuilt elsewhere without
 * running this stage again. Bounded: the sessions that rested longest lose theirs first.
 */
export class KeptOutputs {
  readonly #width: number;
  readonly #maxBytes: number;
  /** In order of last use. */
  readonly #sessions = new Map<string, SessionOutputs>();
  #bytes = 0;

  /** @param width - C */
  constructor(width: number, maxBytes: number = MAX_KEPT_BYTES) {
    this.#width = width;
    this.#maxBytes = maxBytes;
  }

  /** Memory that all of it takes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @param hidden - `[T, C]`, the outputs from `position` on; nobody may change or transfer it */
  keep(session: string, position: number, hidden: Float32Array): void {
    const outputs = this.#sessions.get(session) ?? { chunks: [], incomplete: position > 0 };
    this.#sessions.delete(session);
    this.#sessions.set(session, outputs);
    outputs.chunks.push({ position, hidden });
    this.#bytes += hidden.byteLength;
    for (const [oldest, { chunks }] of this.#sessions) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#release(chunks);
      this.#sessions.set(oldest, { chunks: [], incomplete: true });
    }
  }

  /** Forgets what lies at `position` and after it. */
  truncate(session: string, position: number): void {
    const outputs = this.#sessions.get(session);
    if (!outputs) return;
    const kept = outputs.chunks.filter((chunk) => chunk.position < position);
    this.#release(outputs.chunks.slice(kept.length));
    const last = kept.pop();
    if (last) {
      this.#release([last]);
      const hidden = last.hidden.subarray(0, (position - last.position) * this.#width);
      kept.push({ position: last.position, hidden });
      this.#bytes += hidden.byteLength;
    }
    outputs.chunks = kept;
    if (position === 0) outputs.incomplete = false;
  }

  delete(session: string): void {
    this.#release(this.#sessions.get(session)?.chunks ?? []);
    this.#sessions.delete(session);
  }

  clear(): void {
    this.#sessions.clear();
    this.#bytes = 0;
  }

  /**
   * The outputs of these positions in chunks of at most `maxTokens`.
   * @throws ShoalError `limit-exceeded` when they are not all here any more
   */
  *replay(session: string, { start, end }: PositionRange, maxTokens: number): Generator<Chunk> {
    const outputs = this.#sessions.get(session);
    const kept = outputs?.chunks.reduce((sum, { hidden }) => sum + hidden.length / this.#width, 0) ?? 0;
    if (end > start && (!outputs || outputs.incomplete || kept < end)) {
      throw new ShoalError(
        'limit-exceeded',
        `This node kept the outputs of ${kept} positions; ${end} are needed to rebuild its neighbour.`,
      );
    }
    const all = outputs?.chunks ?? [];
    for (let position = start; position < end; position += maxTokens) {
      const tokens = Math.min(maxTokens, end - position);
      yield { position, hidden: this.#slice(all, position, tokens) };
    }
  }

  #slice(chunks: readonly Chunk[], position: number, tokens: number): Float32Array {
    const slice = new Float32Array(tokens * this.#width);
    for (const chunk of chunks) {
      const start = Math.max(position, chunk.position);
      const end = Math.min(position + tokens, chunk.position + chunk.hidden.length / this.#width);
      if (start >= end) continue;
      const rows = chunk.hidden.subarray((start - chunk.position) * this.#width, (end - chunk.position) * this.#width);
      slice.set(rows, (start - position) * this.#width);
    }
    return slice;
  }

  #release(chunks: readonly Chunk[]): void {
    for (const { hidden } of chunks) this.#bytes -= hidden.byteLength;
  }
}
