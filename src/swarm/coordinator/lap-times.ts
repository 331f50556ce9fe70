import type { ResultFrame } from '../../protocol/frames.ts';
import { hopCostMs } from '../route/route.ts';
import type { Lap } from './generation.ts';

/**
 * What of a lap's time is neither computing nor waiting was on the wire. Clocks of different machines cannot be
 * compared, so the sum is exact and its spread over the hops follows their measured round trips. The way back to the
 * coordinator counts to the last stage.
 */
export function lapOf(totalMs: number, timings: ResultFrame['timings'], returnRoundTripMs: number): Lap {
  const busyMs = timings.reduce((sum, { waitMs, computeMs }) => sum + waitMs + computeMs, 0);
  const wireMs = Math.max(0, totalMs - busyMs);
  const weights = timings.map(
    ({ roundTripMs }, index) => roundTripMs + (index === timings.length - 1 ? returnRoundTripMs : 0),
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return {
    totalMs,
    stages: timings.map((timing, index) => ({
      ...timing,
      wireMs: wireMs * (total > 0 ? weights[index]! / total : 1 / timings.length),
    })),
  };
}

/** Others of eight sessions may be before a task; who waits longer than that is slow. */
const MAX_WAIT = 8;

/**
 * What each stage of a lap took for a layer, ms: what it says, what it says that it waited beyond reason, and an equal
 * part of the time that neither the stages nor the ways between them explain. So one that says it was quick and was not
 * shows in every lap that it is part of.
 * @param roundTripMs - from here to a stage, as measured here: what stages say of the ways between them cannot be longer
 * than the way over here
 */
export function layerTimes(
  { totalMs, stages }: Lap,
  roundTripMs: (peerId: string) => number,
): { readonly peerId: string; readonly layerMs: number }[] {
  let explainedMs = hopCostMs(roundTripMs(stages.at(-1)!.peerId));
  let waysMs = 0;
  for (const { peerId, waitMs, computeMs, roundTripMs: saidMs } of stages) {
    explainedMs += waitMs + computeMs + hopCostMs(Math.min(saidMs, waysMs + roundTripMs(peerId)));
    waysMs = roundTripMs(peerId);
  }
  const shareMs = Math.max(0, totalMs - explainedMs) / stages.length;
  return stages.map(({ peerId, layers, waitMs, computeMs }) => {
    const ownMs = computeMs + Math.max(0, waitMs - MAX_WAIT * computeMs);
    return { peerId, layerMs: (ownMs + shareMs) / (layers.end - layers.start) };
  });
}
