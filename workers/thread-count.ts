/** More threads than this wait for each other and for memory more than they compute. */
export const MAX_THREADS = 8;

/**
 * How many threads compute unless a person says otherwise.
 * @param processors - that the browser may use
 */
export function autoThreads(processors: number): number {
  // One processor is left to the page and the browser. On a busy machine with two, a second thread read a lone tab's
  // prompts half as fast again and made its answers a third slower: threads meet some 300 times a token, and each waits
  // for the other.
  return Math.min(MAX_THREADS, Math.max(1, processors - 1));
}
