/** Every way Shoal fails, as a stable code: programs match on it, people read the message. */
export type ErrorCode =
  | 'aborted'
  | 'bad-command'
  | 'bad-frame'
  | 'bad-gguf'
  | 'bad-manifest'
  | 'bad-request'
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
  | 'out-of-memory'
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

/** An error as it crosses a wire or a worker boundary. */
export interface WireError {
  readonly code: ErrorCode;
  readonly message: string;
}

/**
 * The one error class of the project. The message names what was expected, what was found, and what to do about it.
 */
export class ShoalError extends Error {
  override readonly name = 'ShoalError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** The part that survives a wire or a worker boundary. */
  toWire(): WireError {
    return { code: this.code, message: this.message };
  }

  static fromWire(wire: WireError): ShoalError {
    return new ShoalError(wire.code, wire.message);
  }

  /** Any thrown value as a ShoalError: itself, an abort as `aborted`, everything else as `internal`. */
  static from(thrown: unknown): ShoalError {
    if (thrown instanceof ShoalError) return thrown;
    if (thrown instanceof Error) {
      if (thrown.name === 'AbortError')
        return new ShoalError('aborted', 'The operation was cancelled.', { cause: thrown });
      return new ShoalError('internal', thrown.message, { cause: thrown });
    }
    return new ShoalError('internal', String(thrown));
  }
}
