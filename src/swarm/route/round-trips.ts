/** What is known of the links of one candidate. */
export interface LinkFacts {
  readonly peerId: string;
  /** Round trip that the coordinator measured itself, ms; 0 while it has not. */
  readonly roundTripMs: number;
  /** What the candidate says of its own links: peer and round trip, ms. */
  readonly links: readonly (readonly [peerId: string, roundTripMs: number])[];
}

/** Across a country, or over one home's Wi-Fi on a bad day: for a coordinator that has measured nobody yet. */
const UNMEASURED_ROUND_TRIP_MS = 30;

/**
 * Round trips between all parties of a route, ms: row-major `[N, N]`, where index `i < candidates.length` is candidate
 * `i` and the last index the coordinator. A candidate that is the coordinator's own tab is as near as the coordinator.
 *
 * Between two candidates counts what they say, the larger where they differ, so that one alone cannot make a link look
 * good. Where neither has measured, their own round trips `a` and `b` to the coordinator bound it to `[|a − b|, a + b]`,
 * and the middle of that is the larger of the two.
 */
export function roundTripTable(coordinator: string, candidates: readonly LinkFacts[]): Float64Array {
  const size = candidates.length + 1;
  const own = candidates.length;
  const indexOf = new Map(candidates.map(({ peerId }, index) => [peerId, index]));
  const table = new Float64Array(size * size);
  const set = (one: number, other: number, ms: number) => {
    table[one * size + other] = ms;
    table[other * size + one] = ms;
  };

  const said = candidates.map(({ links }) => links.find(([peerId]) => peerId === coordinator)?.[1] ?? 0);
  const measured = candidates.map(({ roundTripMs }, index) => roundTripMs || said[index]!);
  const unmeasuredMs = median(measured.filter((ms) => ms > 0)) ?? UNMEASURED_ROUND_TRIP_MS;
  for (const [index, { peerId }] of candidates.entries())
    set(index, own, peerId === coordinator ? 0 : measured[index] || unmeasuredMs);

  for (let one = 0; one < own; one++) {
    for (let other = one + 1; other < own; other++)
      set(one, other, Math.max(table[one * size + own]!, table[other * size + own]!));
  }
  const told = new Set<number>();
  for (const [one, { peerId: teller, links }] of candidates.entries()) {
    // What this tab has measured stands already.
    if (teller === coordinator) continue;
    for (const [peerId, ms] of links) {
      const other = indexOf.get(peerId);
      if (other === undefined || other === one || peerId === coordinator) continue;
      const link = Math.min(one, other) * size + Math.max(one, other);
      set(one, other, told.has(link) ? Math.max(ms, table[link]!) : ms);
      told.add(link);
    }
  }
  return table;
}

function median(values: readonly number[]): number | undefined {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}
