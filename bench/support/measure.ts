/** Half of the samples are below `median`; `spread` is the middle half's width. */
export interface Distribution {
  readonly median: number;
  readonly spread: number;
}

/** Runs `run` once to warm up, then `repeats` times. @returns milliseconds */
export async function measure(run: () => Promise<unknown>, repeats: number): Promise<Distribution> {
  await run();
  const times: number[] = [];
  for (let index = 0; index < repeats; index++) {
    const startedAtMs = performance.now();
    await run();
    times.push(performance.now() - startedAtMs);
  }
  return summarize(times);
}

/** @throws Error when there is no sample */
export function summarize(samples: readonly number[]): Distribution {
  if (samples.length === 0) throw new Error('Nothing was measured.');
  const sorted = samples.toSorted((a, b) => a - b);
  const quantile = (share: number) => sorted[Math.floor(share * (sorted.length - 1))]!;
  return { median: quantile(0.5), spread: quantile(0.75) - quantile(0.25) };
}
