import type { Lap } from '../src/swarm/coordinator/generation.ts';

/**
 * The mean hop of a lap, milliseconds: everything but computing (encoding, both event loops, the wire, the wait for the
 * runner), shared by the hops. The coordinator holds the first stage: from there to every other one and back, there are
 * as many hops as stages.
 */
export function meanHopMs(lap: Lap): number {
  return (lap.totalMs - computeMs(lap)) / lap.stages.length;
}

/** The mean wait of a lap's frames at a stage until the runner took them up, milliseconds. */
export function meanWaitMs({ stages }: Lap): number {
  return stages.reduce((total, { waitMs }) => total + waitMs, 0) / stages.length;
}

/** What the stages of a lap spent computing, milliseconds. */
export function computeMs({ stages }: Lap): number {
  return stages.reduce((total, stage) => total + stage.computeMs, 0);
}
