import type { LapMean } from '../app/app-model.ts';

/** After so many laps' time, and at least so long, without the next one nothing is under way. */
const STALE_LAPS = 3;
const STALE_MS = 2000;

/**
 * Which stage has the token now, as the mean lap tells: when the newest one ended the next began. Undefined when none is
 * under way.
 */
export function stageNow({ stages, totalMs, atMs }: LapMean, nowMs: number): number | undefined {
  let leftMs = nowMs - atMs;
  if (leftMs > Math.max(STALE_MS, STALE_LAPS * totalMs)) return undefined;
  for (const [place, { computeMs, waitMs, wireMs }] of stages.entries()) {
    leftMs -= computeMs + waitMs + wireMs;
    if (leftMs < 0) return place;
  }
  // It takes longer than the mean: the last stage, or the way back.
  return stages.length - 1;
}
