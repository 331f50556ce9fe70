/** What assignment needs to know of a member. */
export interface Coverage {
  readonly ready: readonly number[];
  readonly pending: readonly number[];
}

/** How many members serve each shard, and how many will. Index = shard. */
export function countHolders(shardCount: number, members: Iterable<Coverage>): { ready: number[]; expected: number[] } {
  const ready = new Array<number>(shardCount).fill(0);
  const expected = new Array<number>(shardCount).fill(0);
  /** By shard: the last member that was counted for it. */
  const counted = new Uint32Array(shardCount);
  let number = 0;
  for (const member of members) {
    number++;
    for (const [shards, counts] of [
      [member.ready, ready],
      [member.pending, undefined],
    ] as const) {
      for (const shard of shards) {
        if (shard >= shardCount || counted[shard] === number) continue;
        counted[shard] = number;
        expected[shard]!++;
        if (counts) counts[shard]!++;
      }
    }
  }
  return { ready, expected };
}

/** Shards from the least to the most covered; promises count, ties go to the lower index. */
export function rarestFirst(shardCount: number, members: Iterable<Coverage>): number[] {
  const { ready, expected } = countHolders(shardCount, members);
  return Array.from({ length: shardCount }, (_, shard) => shard).sort(
    (a, b) => expected[a]! - expected[b]! || ready[a]! - ready[b]! || a - b,
  );
}
