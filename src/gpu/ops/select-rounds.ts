/** One dispatch of the sorting kernel: `chunks` workgroups a row, each of `chunk` candidates. */
export interface SelectRound {
  readonly count: number;
  readonly chunk: number;
  readonly chunks: number;
}

/**
 * The rounds that bring `count` candidates down to `keep`: each keeps `keep` of every chunk, the last has one chunk.
 * @param keep - a power of two, at most half of `maxChunk`
 */
export function selectRounds(count: number, keep: number, maxChunk: number): SelectRound[] {
  const rounds: SelectRound[] = [];
  for (let left = count; ; ) {
    const chunk = Math.max(keep, Math.min(maxChunk, powerOfTwo(left)));
    const chunks = Math.ceil(left / chunk);
    rounds.push({ count: left, chunk, chunks });
    if (chunks === 1) return rounds;
    left = chunks * keep;
  }
}

/** The smallest power of two that is at least `count`, and 1. */
export function powerOfTwo(count: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(1, count)));
}
