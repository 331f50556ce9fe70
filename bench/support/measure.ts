/** A timing in milliseconds: half of the runs were faster than `median`; `spread` is the middle half's width. */
export interface Timing {
  readonly median: number;
  readonly spread: number;
}

/** Runs `run` once to warm up, then `repeats` times. */
export async function measure(run: () => Promise<unknown>, repeats: number): Promise<Timing> {
  await run();
  const times: number[] = [];
  for (let index = 0; index < repeats; index++) {
    const startedAtMs = performance.now();
    await run();
    times.push(performance.now() - startedAtMs);
  }
  times.sort((a, b) => a - b);
  const quantile = (share: number) => times[Math.floor(share * (times.length - 1))]!;
  return { median: quantile(0.5), spread: quantile(0.75) - quantile(0.25) };
}
