/** The rank of a merge, lower first; undefined where two texts do not merge. */
export type RankOf = (left: string, right: string) => number | undefined;

/**
 * Byte-pair encoding of one word: of all neighbours the pair of the lowest rank merges first, the leftmost among equals,
 * until none is left. Takes n log n steps, whatever the word: a pasted file may be one word of a million characters.
 * @param parts - the word's characters; taken over
 * @returns the word's pieces
 */
export function mergePairs(parts: string[], rankOf: RankOf): string[] {
  const count = parts.length;
  if (count < 2) return parts;
  // Neighbours by place; a place that was merged into the one before it is passed over.
  const next = Int32Array.from({ length: count }, (_, place) => place + 1);
  const before = Int32Array.from({ length: count }, (_, place) => place - 1);
  /** Of each place with its right neighbour, or -1. */
  const ranks = new Float64Array(count).fill(-1);
  const queue = new MinQueue();
  const rank = (place: number) => {
    const right = next[place]!;
    const found = right < count ? rankOf(parts[place]!, parts[right]!) : undefined;
    ranks[place] = found ?? -1;
    // Rank and place in one number: both stay below 2^26.
    if (found !== undefined) queue.push(found * count + place);
  };
  for (let place = 0; place + 1 < count; place++) rank(place);
  for (let key = queue.pop(); key !== undefined; key = queue.pop()) {
    const place = key % count;
    // The pair was another one when it was put there.
    if (ranks[place] !== (key - place) / count) continue;
    const right = next[place]!;
    parts[place] += parts[right]!;
    ranks[right] = -1;
    next[place] = next[right]!;
    if (next[place]! < count) before[next[place]!] = place;
    rank(place);
    if (before[place]! >= 0) rank(before[place]!);
  }
  const pieces: string[] = [];
  for (let place = 0; place < count; place = next[place]!) pieces.push(parts[place]!);
  return pieces;
}

/** A binary heap of numbers, the least first. */
class MinQueue {
  readonly #heap: number[] = [];

  push(key: number): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(key);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (heap[parent]! <= key) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = key;
  }

  pop(): number | undefined {
    const heap = this.#heap;
    const least = heap[0];
    const key = heap.pop();
    if (key === undefined || heap.length === 0) return least;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child++;
      if (heap[child]! >= key) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = key;
    return least;
  }
}
