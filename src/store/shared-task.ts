import { ShoalError } from '../core/errors.ts';

/** A running task that several callers wait for. It is aborted when the last of them gives up, or by `abort`. */
export class SharedTask<Result> {
  readonly #controller = new AbortController();
  readonly #result: Promise<Result>;
  #waiting = 0;

  constructor(run: (signal: AbortSignal) => Promise<Result>) {
    this.#result = run(this.#controller.signal);
    // Everybody who waits sees the failure; nobody may be waiting any more.
    this.#result.catch(() => undefined);
  }

  get aborted(): boolean {
    return this.#controller.signal.aborted;
  }

  abort(): void {
    this.#controller.abort();
  }

  /** Settles with the task, aborted or not. */
  async settled(): Promise<void> {
    await this.#result.catch(() => undefined);
  }

  /** @throws ShoalError `aborted` when `signal` is; otherwise as the task does */
  async join(signal?: AbortSignal): Promise<Result> {
    const cancelled = () => new ShoalError('aborted', 'The download was cancelled.');
    if (signal?.aborted) throw cancelled();
    this.#waiting++;
    let onAbort: (() => void) | undefined;
    try {
      return await new Promise<Result>((resolve, reject) => {
        onAbort = () => reject(cancelled());
        signal?.addEventListener('abort', onAbort);
        this.#result.then(resolve, reject);
      });
    } finally {
      if (onAbort) signal?.removeEventListener('abort', onAbort);
      if (--this.#waiting === 0) this.#controller.abort();
    }
  }
}
