import type { Candidates } from '../../protocol/frames.ts';

/**
 * How far two honest runners may lie apart that compute the same layers from the same rows. Exact and 16-bit products on
 * the processor and WebGPU differ by 0.0005 at most; a layer left out, other weights or a flipped sign by 0.05 and more.
 */
export const MAX_DIFFERENCE = 0.005;

/** The largest relative L2 distance between rows `[T, width]` of the same place; infinite where they are not as many. */
export function rowDifference(one: Float32Array, other: Float32Array, width: number): number {
  if (one.length !== other.length || one.length === 0) return Number.POSITIVE_INFINITY;
  let largest = 0;
  for (let start = 0; start < one.length; start += width) {
    let distance = 0;
    let size = 0;
    for (let index = start; index < start + width; index++) {
      distance += (one[index]! - other[index]!) ** 2;
      size += one[index]! ** 2;
    }
    const difference = Math.sqrt(distance / Math.max(size, Number.MIN_VALUE));
    // No number is no agreement.
    if (!(difference <= largest)) largest = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
  }
  return largest;
}

/**
 * How far two tops of one distribution lie apart, beside the spread of the first: by the logits of tokens that both name,
 * below the sum over all. Infinite where the first token of one is not among the other's.
 */
export function candidatesDifference(one: Candidates, other: Candidates): number {
  const logits = new Map([...other.ids].map((id, rank) => [id, other.logits[rank]! - other.logSumExp]));
  if (!logits.has(one.ids[0]!)) return Number.POSITIVE_INFINITY;
  let distance = 0;
  let size = 0;
  for (const [rank, id] of one.ids.entries()) {
    const theirs = logits.get(id);
    if (theirs === undefined) continue;
    const ours = one.logits[rank]! - one.logSumExp;
    distance += (ours - theirs) ** 2;
    size += one.logits[rank]! ** 2;
  }
  const difference = Math.sqrt(distance / Math.max(size, 1));
  return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
}
