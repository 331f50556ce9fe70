import type { Lap } from '../swarm/coordinator/generation.ts';
import type { LapMean } from './app-model.ts';

const SPAN_MS = 60_000;

type Times = readonly [computeMs: number, waitMs: number, wireMs: number];

interface TimedLap {
  readonly atMs: number;
  readonly totalMs: number;
  readonly times: readonly Times[];
}

/** Where the time of a token went in the last minute: the mean of the laps along the route of the newest. */
export class LapMinute {
  #laps: TimedLap[] = [];
  #route = '';
  #totalMs = 0;
  #sums: [number, number, number][] = [];

  /** @param nowMs - when the lap ended */
  add(lap: Lap, nowMs: number): LapMean {
    const route = JSON.stringify(lap.stages.map(({ peerId, layers }) => [peerId, layers.start, layers.end]));
    if (route !== this.#route) {
      this.#route = route;
      this.#laps = [];
      this.#totalMs = 0;
      this.#sums = lap.stages.map(() => [0, 0, 0]);
    }
    const times = lap.stages.map(({ computeMs, waitMs, wireMs }): Times => [computeMs, waitMs, wireMs]);
    const timed = { atMs: nowMs, totalMs: lap.totalMs, times };
    this.#laps.push(timed);
    this.#count(timed, 1);
    while (this.#laps[0]!.atMs < nowMs - SPAN_MS) this.#count(this.#laps.shift()!, -1);
    const laps = this.#laps.length;
    const stages = lap.stages.map((stage, place) => {
      const [computeMs, waitMs, wireMs] = this.#sums[place]!.map((sum) => Math.max(0, sum / laps)) as [
        number,
        number,
        number,
      ];
      return { ...stage, computeMs, waitMs, wireMs };
    });
    return { totalMs: this.#totalMs / laps, stages, laps, atMs: nowMs };
  }

  #count({ totalMs, times }: TimedLap, sign: 1 | -1): void {
    this.#totalMs += sign * totalMs;
    for (const [place, each] of times.entries())
      for (const [kind, ms] of each.entries()) this.#sums[place]![kind]! += sign * ms;
  }
}
