import { ShoalError } from '../../core/errors.ts';

export interface ArrivalOptions {
  readonly signal: AbortSignal;
  /** Longest time without a new piece; for ever without. */
  readonly patienceMs?: number | undefined;
}

interface Wait {
  readonly pieces: number;
  readonly resolve: () => void;
  readonly reject: (error: ShoalError) => void;
  /** Something has come. */
  readonly onPiece: () => void;
}

/** Those who wait for the first pieces of a shard. */
export class Arrivals {
  readonly #fileName: string;
  readonly #has: (pieces: number) => boolean;
  readonly #waits = new Set<Wait>();

  /** @param has - whether the first so many pieces are stored */
  constructor(fileName: string, has: (pieces: number) => boolean) {
    this.#fileName = fileName;
    this.#has = has;
  }

  /** @throws ShoalError `shard-missing` when nothing comes for `patienceMs`, `aborted`, and as `fail` says */
  async until(pieces: number, { signal, patienceMs }: ArrivalOptions): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const giveUp = () => {
      const text = `Nobody sent anything of ${this.#fileName} for ${patienceMs! / 1000} s. Open a tab that has it, or bring the server back.`;
      reject(new ShoalError('shard-missing', text));
    };
    const cancel = () => reject(new ShoalError('aborted', 'The download was cancelled.'));
    let timer: ReturnType<typeof setTimeout> | undefined;
    const onPiece = () => {
      clearTimeout(timer);
      if (patienceMs) timer = setTimeout(giveUp, patienceMs);
    };
    onPiece();
    const wait: Wait = { pieces, resolve, reject, onPiece };
    this.#waits.add(wait);
    signal.addEventListener('abort', cancel);
    if (signal.aborted) cancel();
    try {
      await promise;
    } finally {
      signal.removeEventListener('abort', cancel);
      this.#waits.delete(wait);
      clearTimeout(timer);
    }
  }

  /** A piece is stored, or it is known anew which are. */
  look(): void {
    for (const { pieces, resolve, onPiece } of [...this.#waits]) {
      onPiece();
      if (this.#has(pieces)) resolve();
    }
  }

  fail(error: ShoalError): void {
    for (const { reject } of [...this.#waits]) reject(error);
  }
}
