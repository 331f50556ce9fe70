import { type LogLine, log } from '../src/core/log.ts';

/** What a worker posts beside comlink's messages, which have an id. */
interface LogMessage {
  readonly logLine: LogLine;
}

/** Sends what a worker logs to its page. Called once in the worker. */
export function tellLog(
  page: Pick<DedicatedWorkerGlobalScope, 'postMessage'> = self as DedicatedWorkerGlobalScope,
): void {
  log.onLine((logLine) => page.postMessage({ logLine } satisfies LogMessage));
}

/** Takes what a worker logs into the page's log. */
export function hearLog(worker: Pick<Worker, 'addEventListener'>): void {
  worker.addEventListener('message', ({ data }: MessageEvent<LogMessage | undefined>) => {
    if (data?.logLine) log.take(data.logLine);
  });
}
