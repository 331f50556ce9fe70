import { ShoalError } from './errors.ts';

/** What a cancelled operation fails with: the signal's reason if that is an error of ours, else `aborted`. */
export function abortError(signal: AbortSignal): ShoalError {
  const { reason } = signal;
  return reason instanceof ShoalError
    ? reason
    : new ShoalError('aborted', 'The operation was cancelled.', { cause: reason });
}

/** The promise, unless the signal fires first; what the promise comes to is then nobody's. @throws ShoalError `aborted` */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(abortError(signal));
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}
