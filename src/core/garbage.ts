/** What may gather between two hints, bytes. V8 collects the small heaps of a worker or a page in a few milliseconds. */
const HINT_EVERY_BYTES = 16 * 1024 * 1024;
/** Enough for V8 to go on with a collection; 64 MiB are not. Nothing touches it, so no memory stands behind it. */
const HINT_BYTES = 128 * 1024 * 1024;
/** More than a browser gives, and less than V8 refuses at sight: 32 GiB. */
const TOO_MANY_BYTES = 24 * 1024 ** 3;

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
  // The collector looks at the length of every new array buffer.
  askFor(HINT_BYTES);
}

/**
 * Makes V8 collect all that it can, and give back the room that it made for what has come and gone: of a page that has
 * fetched a model and made its tokenizer, 50 MiB of 90. It holds the page for some 80 ms, so it is for when something
 * large is over. V8 does it before it says that there is no memory; other browsers say so at once.
 */
export function collectAllGarbage(): void {
  askFor(TOO_MANY_BYTES);
}

/** Asks for memory and gives it back: what V8 does about it is what is wanted, whether it gives it or not. */
function askFor(bytes: number): void {
  gatheredBytes = 0;
  try {
    new ArrayBuffer(bytes).transfer(0);
  } catch {
    // A browser that has not so much has collected by then.
  }
}
