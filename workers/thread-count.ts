/** More threads than this wait for each other and for memory more than they compute. */
export const MAX_THREADS = 8;

/**
 * How many threads compute unless a person says otherwise.
 * @param processors - that the browser may use
 */
export function autoThreads(processors: number): number {
  // One processor is left to the page and the browser.
  return Math.min(MAX_THREADS, Math.max(1, processors - 1));
}
