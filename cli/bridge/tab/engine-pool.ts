import { commonLength } from '../../../src/core/common-length.ts';
import { ShoalError } from '../../../src/core/errors.ts';
import { HttpError } from '../http/http-error.ts';
import { BUSY_RETRY_S, MAX_ANSWERS, MAX_WAITING } from '../limits.ts';

/** One engine of the tab. */
export interface PooledEngine {
  readonly name: string;
}

interface Place extends PooledEngine {
  busy: boolean;
  /** The text of its last request: its KV cache holds that, and the answer. */
  said: string;
  /** Counts up over all requests: the lowest was used least recently. */
  usedAt: number;
}

interface Waiting {
  readonly said: string;
  readonly resolve: (engine: PooledEngine) => void;
}

/**
 * The engines that answer at the same time, each with a conversation of its own, and the requests that wait for one,
 * oldest first.
 */
export class EnginePool {
  readonly #places: readonly Place[] = Array.from({ length: MAX_ANSWERS }, (_, index) => ({
    name: `bridge-${index}`,
    busy: false,
    said: '',
    usedAt: 0,
  }));
  readonly #waiting = new Set<Waiting>();
  #uses = 0;

  /** Requests that are being answered. */
  get answering(): number {
    return this.#places.filter(({ busy }) => busy).length;
  }

  /** Requests that wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * The free engine whose last request shares the longest beginning with this one, so that its KV cache is reused; where
   * less would be reused than lost of every cache, the engine that was used least recently. The caller gives it back to
   * `free`.
   * @param said - all that the request gives the model to read
   * @throws HttpError 429 when the queue is full; ShoalError `aborted` when the signal fires while it waits
   */
  async take(said: string, signal: AbortSignal): Promise<PooledEngine> {
    signal.throwIfAborted();
    const engine = this.#occupy(said);
    if (engine) return engine;
    if (this.#waiting.size >= MAX_WAITING) throw queueFull();
    const { promise, resolve, reject } = Promise.withResolvers<PooledEngine>();
    const waiting = { said, resolve };
    const leave = () => {
      this.#waiting.delete(waiting);
      reject(new ShoalError('aborted', 'The client has gone.'));
    };
    this.#waiting.add(waiting);
    signal.addEventListener('abort', leave, { once: true });
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', leave);
    }
  }

  free(engine: PooledEngine): void {
    const place = this.#places.find(({ name }) => name === engine.name);
    if (place) place.busy = false;
    const [next] = this.#waiting;
    const taken = next && this.#occupy(next.said);
    if (!next || !taken) return;
    this.#waiting.delete(next);
    next.resolve(taken);
  }

  #occupy(said: string): PooledEngine | undefined {
    const free = this.#places
      .filter(({ busy }) => !busy)
      .map((place) => ({ place, shared: commonLength(place.said, said) }))
      .sort((one, other) => one.place.usedAt - other.place.usedAt);
    const [kept] = free
      .filter(({ place, shared }) => shared > place.said.length - shared)
      .sort((one, other) => other.shared - one.shared);
    const place = (kept ?? free[0])?.place;
    return place && Object.assign(place, { busy: true, said, usedAt: ++this.#uses });
  }
}

function queueFull(): HttpError {
  return new HttpError(
    429,
    `${MAX_ANSWERS} requests are being answered and ${MAX_WAITING} wait. Ask again in some seconds, or send fewer at once.`,
    { reason: 'rate_limit_exceeded', headers: { 'Retry-After': String(BUSY_RETRY_S) } },
  );
}
