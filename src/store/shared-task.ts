import { ShoalError } from '../core/errors.ts';

/** A running task that several callers wait for. It is aborted when the last of them gives up, or by `abort`. */
export class SharedTask<Result> {
  readonly #controller = new AbortController();
  readonly #result: Promise<Result>;
  readonly #settled: Promise<void>;
  #running = true;
  #waiting = 0;

  constructor(run: (signal: AbortSignal) => Promise<Result>) {
    this.#result = run(this.#controller.signal);
    const end = () => {
      this.#running = false;
    };
    this.#settled = this.#result.then(end, end);
  }

  /** Whether it may still be joined: neither settled nor aborted. */
  get running(): boolean {
    return this.#running && !this.#controller.signal.aborted;
  }

  abort(): void {
    this.#controller.abort();
  }

  /** Resolves when the task has come to its end, whichever. */
  settled(): Promise<void> {
    return this.#settled;
  }

  /** @throws ShoalError `aborted` when `signal` is; otherwise as the task does */
  async join(signal: AbortSignal | undefined): Promise<Result> {
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    const cancel = () => reject(new ShoalError('aborted', 'The download was cancelled.'));
    signal?.addEventListener('abort', cancel);
    if (signal?.aborted) cancel();
    this.#waiting++;
    this.#result.then(resolve, reject);
    try {
      return await promise;
    } finally {
      signal?.removeEventListener('abort', cancel);
      this.#waiting--;
      if (this.#waiting === 0 && this.#running) this.#controller.abort();
    }
  }
}
