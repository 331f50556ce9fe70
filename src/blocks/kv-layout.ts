/** Positions of a KV page: small enough that a short conversation wastes little, large enough for coalesced loads. */
export const PAGE_TOKENS = 32;

/** Bytes of one page of one layer: keys and values, f32. */
export function pageBytes(kvHeadCount: number, headSize: number): number {
  return 2 * kvHeadCount * headSize * PAGE_TOKENS * 4;
}
