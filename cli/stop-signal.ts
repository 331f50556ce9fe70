/** After a signal the process ends within two seconds, whatever is still open. */
const EXIT_TIMEOUT_MS = 1800;

/** Aborted by SIGINT or SIGTERM; the process then ends with status 0 in time, whatever is still open. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const stop = () => {
    controller.abort();
    setTimeout(() => process.exit(0), EXIT_TIMEOUT_MS).unref();
  };
  // Once: a second signal ends the process at once.
  process.once('SIGINT', stop).once('SIGTERM', stop);
  return controller.signal;
}

/** Resolves once the signal has fired. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
