import { type ErrorCode, ShoalError } from '../../../src/core/errors.ts';
import { UNAVAILABLE_RETRY_S } from '../limits.ts';
import { HttpError } from './http-error.ts';

/** A failure as HTTP tells it, whatever the API. */
export interface Failure {
  readonly status: number;
  readonly message: string;
  readonly reason: string | undefined;
  readonly param: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

/** The engine's failures that are not the bridge's own fault; all others are 500. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  'bad-request': 400,
  'context-full': 400,
  'limit-exceeded': 400,
  // The swarm cannot answer now; it may a moment later.
  busy: 503,
  'model-unavailable': 503,
  'not-admitted': 503,
  'peer-gone': 503,
  'peer-unreachable': 503,
  'shard-missing': 503,
  'shard-not-loaded': 503,
  timeout: 503,
};

/** How the engine names the field that is wrong: `The request's "n" is wrong: …`, `"suffix" is not supported.` */
const NAMED_FIELD = /^(?:The request(?:'s| has| has no) )?"([^"]+)"/;

/** Any thrown value as HTTP tells it. */
export function failureOf(thrown: unknown): Failure {
  const error = ShoalError.from(thrown);
  if (error instanceof HttpError) {
    const { status, message, details } = error;
    return { status, message, reason: details.reason, param: details.param, headers: details.headers ?? {} };
  }
  const { code, message } = error;
  const status = STATUS[code] ?? 500;
  return {
    status,
    message,
    reason: code === 'context-full' ? 'context_length_exceeded' : undefined,
    param: status === 400 ? NAMED_FIELD.exec(message)?.[1] : undefined,
    headers: status === 503 ? { 'Retry-After': String(error.queue?.seconds ?? UNAVAILABLE_RETRY_S) } : {},
  };
}

/** Whose API a client speaks, and which: each has its own shape of errors. */
export type Dialect = 'openai' | 'responses' | 'anthropic';

/** An error's body in the dialect. */
export function failureBody(failure: Failure, dialect: Dialect): object {
  const { status, message, reason, param } = failure;
  if (dialect === 'anthropic') return { type: 'error', error: { type: anthropicType(status), message } };
  const fallback = status === 503 ? 'service_unavailable' : null;
  return { error: { message, type: openAiType(status), param: param ?? null, code: reason ?? fallback } };
}

/** An error in the middle of a stream. `place` is that of the event, from 0. */
export function failureEvent(failure: Failure, dialect: Dialect, place: number): { event?: string; data: object } {
  const data = failureBody(failure, dialect);
  switch (dialect) {
    case 'openai':
      return { data };
    case 'anthropic':
      return { event: 'error', data };
    case 'responses': {
      const { message, reason, param } = failure;
      // Stated twice: by the reference's fields, and by the one at which OpenAI's clients throw.
      const fields = { code: reason ?? null, message, param: param ?? null, sequence_number: place };
      return { event: 'error', data: { type: 'error', ...fields, ...data } };
    }
  }
}

function openAiType(status: number): string {
  if (status === 429) return 'requests';
  return status < 500 ? 'invalid_request_error' : 'server_error';
}

function anthropicType(status: number): string {
  switch (status) {
    case 401:
      return 'authentication_error';
    case 403:
    case 421:
      return 'permission_error';
    case 404:
      return 'not_found_error';
    case 413:
      return 'request_too_large';
    case 429:
      return 'rate_limit_error';
    case 503:
      return 'overloaded_error';
    default:
      return status < 500 ? 'invalid_request_error' : 'api_error';
  }
}
