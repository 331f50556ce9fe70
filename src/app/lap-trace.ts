import type { Lap } from '../swarm/coordinator/generation.ts';

/** Laps that are remembered: ten minutes of a fast answer. */
const MAX_LAPS = 20_000;

interface TimedLap {
  /** By `performance.now()`. */
  readonly endMs: number;
  readonly lap: Lap;
}

/** One slice of Chrome's trace format. @see https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU */
interface Slice {
  readonly name: string;
  readonly ph: 'X';
  readonly pid: number;
  readonly tid: number;
  /** µs */
  readonly ts: number;
  readonly dur: number;
  readonly args?: Readonly<Record<string, string | number>>;
}

/** The laps of this page's answers, for a look at where their time went. */
export class LapTrace {
  #laps: TimedLap[] = [];

  add(lap: Lap): void {
    this.#laps.push({ endMs: performance.now(), lap });
    // Half at a time: an array that loses its first element moves all others.
    if (this.#laps.length > MAX_LAPS) this.#laps = this.#laps.slice(MAX_LAPS / 2);
  }

  /**
   * A file that Perfetto (ui.perfetto.dev) opens: a track for whole laps, and one for each place in the route. Clocks of
   * other tabs are not known: a stage's slices stand one after the other within the lap.
   * @param nameOf - of a peer id
   */
  file(nameOf: (peerId: string) => string): File {
    const events = this.#laps.flatMap(({ endMs, lap }) => slicesOf(lap, endMs));
    const places = Math.max(0, ...this.#laps.map(({ lap }) => lap.stages.length));
    const names = ['Laps', ...Array.from({ length: places }, (_, place) => `Stage ${place}`)];
    const threads = names.map((name, tid) => ({ name: 'thread_name', ph: 'M', pid: 1, tid, args: { name } }));
    const named = events.map((event) => {
      const peer = event.args?.peer;
      return typeof peer === 'string' ? { ...event, args: { ...event.args, peer: nameOf(peer) } } : event;
    });
    const text = JSON.stringify({ displayTimeUnit: 'ms', traceEvents: [...threads, ...named] });
    return new File([text], 'shoal-trace.json', { type: 'application/json' });
  }
}

function slicesOf({ totalMs, stages }: Lap, endMs: number): Slice[] {
  const us = (ms: number) => Math.round(ms * 1000);
  const begin = endMs - totalMs;
  let at = begin;
  const slice = (tid: number, name: string, durationMs: number, args?: Slice['args']): Slice => {
    const made: Slice = { name, ph: 'X', pid: 1, tid, ts: us(at), dur: us(durationMs), ...(args ? { args } : {}) };
    at += durationMs;
    return made;
  };
  const whole: Slice = { name: 'lap', ph: 'X', pid: 1, tid: 0, ts: us(begin), dur: us(totalMs) };
  return [
    whole,
    ...stages.flatMap(({ peerId, layers, waitMs, computeMs, wireMs, roundTripMs }, place) => {
      const args = { peer: peerId, layers: `${layers.start}-${layers.end - 1}`, roundTripMs };
      return [
        slice(place + 1, 'wire', wireMs, args),
        slice(place + 1, 'wait', waitMs, args),
        slice(place + 1, 'compute', computeMs, args),
      ].filter(({ dur }) => dur > 0);
    }),
  ];
}
