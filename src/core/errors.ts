/** Every way Shoal fails, as a stable code: programs match on it, people read the message. */
export type ErrorCode =
  | 'aborted'
  | 'bad-command'
  | 'bad-frame'
  | 'bad-gguf'
  | 'bad-input'
  | 'bad-manifest'
  | 'bad-request'
  | 'bad-result'
  | 'busy'
  | 'consent-required'
  | 'context-full'
  | 'gpu-lost'
  | 'hash-mismatch'
  | 'insecure-context'
  | 'internal'
  | 'limit-exceeded'
  | 'model-unavailable'
  | 'no-webgpu'
  | 'not-admitted'
  | 'not-finite'
  | 'out-of-memory'
  | 'page-incomplete'
  | 'peer-gone'
  | 'peer-unreachable'
  | 'port-in-use'
  | 'shard-missing'
  | 'shard-not-loaded'
  | 'storage-full'
  | 'timeout'
  | 'truncated-gguf'
  | 'unknown-session'
  | 'unsupported-architecture'
  | 'unsupported-tensor-type';

/** A place in the queue of something that is full. */
export interface QueuePlace {
  /** 1 is the next. */
  readonly place: number;
  /** Until its turn, about. */
  readonly seconds: number;
}

/** An error as it crosses a wire or a worker boundary. */
export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
  /** Of a `busy`, where one may wait. */
  readonly queue?: QueuePlace | undefined;
}

/** What browsers say of an `import()` whose file did not come. Chromium goes on refusing the file until a reload. */
const MISSING_MODULE = /dynamically imported module|Importing a module script failed/;

/**
 * The one error class of the project. The message names what was expected, what was found, and what to do about it.
 */
export class ShoalError extends Error {
  override readonly name = 'ShoalError';
  readonly code: ErrorCode;
  readonly queue: QueuePlace | undefined;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions & { readonly queue?: QueuePlace | undefined }) {
    super(message, options);
    this.code = code;
    this.queue = options?.queue;
  }

  /** The part that survives a wire or a worker boundary. */
  toWire(): WireError {
    return { code: this.code, message: this.message, ...(this.queue ? { queue: this.queue } : {}) };
  }

  static fromWire(wire: WireError): ShoalError {
    return new ShoalError(wire.code, wire.message, { queue: wire.queue });
  }

  /**
   * Any thrown value as a ShoalError: itself, an abort as `aborted`, code that did not come as `page-incomplete`,
   * everything else as `internal`.
   */
  static from(thrown: unknown): ShoalError {
    if (thrown instanceof ShoalError) return thrown;
    if (thrown instanceof Error) {
      if (thrown.name === 'AbortError')
        return new ShoalError('aborted', 'The operation was cancelled.', { cause: thrown });
      const code = MISSING_MODULE.test(thrown.message) ? 'page-incomplete' : 'internal';
      return new ShoalError(code, thrown.message, { cause: thrown });
    }
    return new ShoalError('internal', String(thrown));
  }
}
