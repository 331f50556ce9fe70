import { expect, it } from 'vitest';
import { LapTrace } from '../../../src/app/lap-trace.ts';
import type { Lap } from '../../../src/swarm/coordinator/generation.ts';

interface TraceEvent {
  readonly ph: string;
  readonly name: string;
  readonly tid: number;
  readonly ts: number;
  readonly dur: number;
  readonly args?: { readonly name?: string; readonly peer?: string };
}

const stage = (peerId: string, start: number) => ({
  ...{ peerId, layers: { start, end: start + 4 }, waitMs: 0, computeMs: 5, wireMs: 2, roundTripMs: 1 },
});

it('writes laps as slices that lie within each other', async () => {
  const trace = new LapTrace();
  const lap: Lap = { totalMs: 20, stages: [stage('a', 0), stage('b', 4)] };
  trace.add(lap);
  trace.add(lap);
  const file = trace.file((peerId) => `tab ${peerId}`);
  expect(file.name).toBe('shoal-trace.json');
  const { traceEvents } = JSON.parse(await file.text()) as { traceEvents: TraceEvent[] };
  const named = traceEvents.filter(({ ph }) => ph === 'M').map(({ args }) => args?.name);
  expect(named).toEqual(['Laps', 'Stage 0', 'Stage 1']);
  const slices = traceEvents.filter(({ ph }) => ph === 'X');
  // A whole lap, and of each stage the wire and the computing: nothing waited.
  expect(slices.slice(0, 5).map(({ tid, name, dur, args }) => [tid, name, dur, args?.peer])).toEqual([
    [0, 'lap', 20_000, undefined],
    [1, 'wire', 2000, 'tab a'],
    [1, 'compute', 5000, 'tab a'],
    [2, 'wire', 2000, 'tab b'],
    [2, 'compute', 5000, 'tab b'],
  ]);
  expect(slices).toHaveLength(10);
  const [whole, ...parts] = slices.slice(0, 5);
  for (const [index, part] of parts.entries()) {
    expect(part.ts).toBeGreaterThanOrEqual(whole!.ts);
    expect(part.ts + part.dur).toBeLessThanOrEqual(whole!.ts + whole!.dur);
    if (index > 0) expect(part.ts).toBeGreaterThanOrEqual(parts[index - 1]!.ts + parts[index - 1]!.dur);
  }
});
