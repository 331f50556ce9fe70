/** A sample of the server's copy: so many bytes, for no longer than this. */
const SAMPLE_BYTES = 4 << 20;
const SAMPLE_MS = 1500;
/** Less says nothing of the speed. */
const LEAST_SAMPLE_BYTES = 64 << 10;

/**
 * Times a sample of a server's file, and how long it takes to be hashed and stored.
 * @param store - does that, and says how many ms it took
 * @returns bytes a second until they are stored; undefined where the server gives nothing
 */
export async function downloadSpeed(
  url: URL,
  store: (bytes: Uint8Array) => Promise<number>,
): Promise<number | undefined> {
  try {
    const signal = AbortSignal.timeout(SAMPLE_MS);
    const begin = performance.now();
    const response = await fetch(url, { headers: { range: `bytes=0-${SAMPLE_BYTES - 1}` }, cache: 'no-store', signal });
    if (!response.ok || !response.body) return undefined;
    const reader = response.body.getReader();
    const sample = new Uint8Array(SAMPLE_BYTES);
    let [bytes, ms] = [0, 0];
    for (;;) {
      const part = await reader.read().catch(() => undefined);
      if (!part || part.done || bytes + part.value.length > SAMPLE_BYTES) break;
      sample.set(part.value, bytes);
      bytes += part.value.length;
      ms = performance.now() - begin;
    }
    if (bytes < LEAST_SAMPLE_BYTES) return undefined;
    // On a fast network it is the hash and the storage that take the time.
    return (1000 * bytes) / (ms + (await store(sample.subarray(0, bytes)).catch(() => 0)));
  } catch {
    return undefined;
  }
}
