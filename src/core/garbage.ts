/** What may gather between two hints, bytes. V8 collects the small heaps of a worker or a page in a few milliseconds. */
const HINT_EVERY_BYTES = 4 * 1024 * 1024;
/** Enough for V8 to go on with a collection; 64 MiB are not. Nothing touches it, so no memory stands behind it. */
const HINT_BYTES = 128 * 1024 * 1024;

let gatheredBytes = 0;

/**
 * Counts bytes that lie in this thread until a collection and that the collector knows little of, as IndexedDB's
 * values, and makes it collect now and then. It would let a hundred megabytes gather.
 */
export function countGarbage(bytes: number): void {
  gatheredBytes += bytes;
  if (gatheredBytes >= HINT_EVERY_BYTES) collectGarbage();
}

/** Makes the collector begin, or go on. */
export function collectGarbage(): void {
  gatheredBytes = 0;
  try {
    // The collector looks at the length of every new array buffer.
    new ArrayBuffer(HINT_BYTES).transfer(0);
  } catch {
    // A browser short of memory collects by itself.
  }
}
