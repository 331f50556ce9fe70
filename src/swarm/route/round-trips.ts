import { MAX_CLAIMED_ROUND_TRIP_MS } from '../../protocol/limits.ts';

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
 * Round trips between the parties of a route, ms. A candidate that is the coordinator's own tab is as near as the
 * coordinator.
 *
 * Between two candidates counts what they say, the larger where they differ, so that one alone cannot make a link look
 * good. Where neither has measured, their own round trips `a` and `b` to the coordinator bound it to `[|a − b|, a + b]`,
 * and the middle of that is the larger of the two.
 *
 * @returns by two indices, of which `i < candidates.length` is candidate `i` and the next one the coordinator; looked up
 * one at a time, as a plan asks for few of a crowd's pairs
 */
export function roundTripsOf(
  coordinator: string,
  candidates: readonly LinkFacts[],
): (one: number, other: number) => number {
  const own = candidates.length;
  const size = own + 1;
  const said = candidates.map(({ links }) => links.find(([peerId]) => peerId === coordinator)?.[1] ?? 0);
  const measured = candidates.map(({ roundTripMs }, index) => believed(roundTripMs || said[index]!));
  const unmeasuredMs = median(measured.filter((ms) => ms > 0)) ?? UNMEASURED_ROUND_TRIP_MS;
  const toOwn = candidates.map(({ peerId }, index) => (peerId === coordinator ? 0 : measured[index] || unmeasuredMs));
  const told = toldLinks(coordinator, candidates);

  return (one, other) => {
    if (one === other) return 0;
    if (one === own || other === own) return toOwn[Math.min(one, other)]!;
    return told.get(Math.min(one, other) * size + Math.max(one, other)) ?? Math.max(toOwn[one]!, toOwn[other]!);
  };
}

/** What the candidates say of the links between them, by both indices; what this tab has measured stands already. */
function toldLinks(coordinator: string, candidates: readonly LinkFacts[]): Map<number, number> {
  const size = candidates.length + 1;
  const indexOf = new Map(candidates.map(({ peerId }, index) => [peerId, index]));
  const told = new Map<number, number>();
  for (const [one, { peerId: teller, links }] of candidates.entries()) {
    if (teller === coordinator) continue;
    for (const [peerId, ms] of links) {
      const other = indexOf.get(peerId);
      if (other === undefined || other === one || peerId === coordinator) continue;
      const link = Math.min(one, other) * size + Math.max(one, other);
      told.set(link, Math.max(believed(ms), told.get(link) ?? 0));
    }
  }
  return told;
}

/** A round trip that a plan can count with, whoever has said it. */
function believed(ms: number): number {
  return ms > 0 ? Math.min(ms, MAX_CLAIMED_ROUND_TRIP_MS) : 0;
}

function median(values: readonly number[]): number | undefined {
  return [...values].sort((a, b) => a - b)[values.length >> 1];
}
