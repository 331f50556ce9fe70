import { ShoalError } from '../../../src/core/errors.ts';

/** The parts of a refusal beside its message. */
export interface HttpErrorDetails {
  /** As OpenAI's errors have it: `model_not_found`. */
  readonly reason?: string;
  /** The field of the request that is wrong. */
  readonly param?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A request that is refused, with the HTTP status that says so. */
export class HttpError extends ShoalError {
  readonly status: number;
  readonly details: HttpErrorDetails;

  constructor(status: number, message: string, details: HttpErrorDetails = {}) {
    super('bad-request', message);
    this.status = status;
    this.details = details;
  }
}
