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
  return { median: quantileOf(samples, 0.5), spread: quantileOf(samples, 0.75) - quantileOf(samples, 0.25) };
}

/** The sample that `share` of the others are below. */
export function quantileOf(samples: readonly number[], share: number): number {
  return samples.toSorted((a, b) => a - b)[Math.floor(share * (samples.length - 1))]!;
}

/** How many times as much, by the medians. */
export function ratio(one: Distribution, other: Distribution): number {
  return one.median / other.median;
}

export async function repeated<T>(count: number, run: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let index = 0; index < count; index++) results.push(await run());
  return results;
}
