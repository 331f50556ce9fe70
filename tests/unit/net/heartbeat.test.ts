import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Heartbeat } from '../../../src/net/channel/heartbeat.ts';
import { seededRandom } from '../../fixtures/random.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/**
 * A heartbeat whose peer answers each beat after `roundTripMs()`, or not at all when that is undefined.
 * @param restedMs - as of `HeartbeatOptions`
 */
function heartbeat(roundTripMs: () => number | undefined, restedMs?: () => number) {
  const onSilence = vi.fn();
  const beats: number[] = [];
  const watch: Heartbeat = new Heartbeat({
    onSilence,
    ...(restedMs ? { restedMs } : {}),
    beat: (sentAtMs) => {
      beats.push(sentAtMs);
      const delayMs = roundTripMs();
      if (delayMs === undefined) return;
      setTimeout(() => {
        watch.heard();
        watch.echoed(sentAtMs);
      }, delayMs);
    },
  });
  return { watch, onSilence, beats };
}

describe('heartbeat', () => {
  it('reports the median of the newest round trips', async () => {
    const times = [10, 600, 12, 11, 900, 10, 11, 12, 40, 40, 40, 40, 40];
    const { watch } = heartbeat(() => times.shift());
    expect(watch.roundTripMs).toBe(0);
    await vi.advanceTimersByTimeAsync(50);
    expect(watch.roundTripMs).toBe(10);
    await vi.advanceTimersByTimeAsync(3750);
    expect(watch.roundTripMs).toBe(12);
    await vi.advanceTimersByTimeAsync(2500);
    expect(watch.roundTripMs).toBe(40);
    watch.stop();
  });

  it('takes noise for noise: 300 to 600 ms of delay, 5 % loss and what waits behind it are no death', async () => {
    const random = seededRandom(7);
    let arrivesAtMs = 0;
    const { watch, onSilence } = heartbeat(() => {
      // A lost packet is sent again after a second, and those behind it wait: the stream is ordered.
      const delayMs = 300 + 300 * random() + (random() < 0.1 ? 1000 : 0);
      arrivesAtMs = Math.max(arrivesAtMs, Date.now() + delayMs);
      return arrivesAtMs - Date.now();
    });
    await vi.advanceTimersByTimeAsync(30 * 60_000);
    expect(onSilence).not.toHaveBeenCalled();
    watch.stop();
  });

  it('gives a peer time whose machine has shown that it stops at times', async () => {
    let beats = 0;
    const { watch, onSilence } = heartbeat(() => (++beats % 4 === 0 ? 5 : undefined));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(onSilence).not.toHaveBeenCalled();
    watch.stop();
  });

  it('sees silence on a quiet link within 2.3 seconds', async () => {
    let alive = true;
    const { watch, onSilence } = heartbeat(() => (alive ? 20 : undefined));
    await vi.advanceTimersByTimeAsync(20_000);
    alive = false;
    await vi.advanceTimersByTimeAsync(1700);
    expect(onSilence).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(600);
    expect(onSilence).toHaveBeenCalled();
    watch.stop();
  });

  it('beats every half second while its tab works, and every other second where nobody waits', async () => {
    let restedMs = 0;
    const { watch, beats, onSilence } = heartbeat(
      () => 20,
      () => restedMs,
    );
    await vi.advanceTimersByTimeAsync(10_000);
    expect(beats).toHaveLength(21);
    restedMs = 60_000;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(beats).toHaveLength(26);
    expect(onSilence).not.toHaveBeenCalled();
    watch.stop();
  });

  it('sees silence within 5 seconds where nobody waits, and as ever from when its tab works again', async () => {
    const silent = async (restedMs: () => number) => {
      let alive = true;
      const { watch, onSilence } = heartbeat(() => (alive ? 20 : undefined), restedMs);
      await vi.advanceTimersByTimeAsync(29_900);
      alive = false;
      return { watch, onSilence };
    };
    const resting = await silent(() => 60_000);
    await vi.advanceTimersByTimeAsync(2500);
    expect(resting.onSilence).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(3000);
    expect(resting.onSilence).toHaveBeenCalled();
    let restedMs = 60_000;
    const working = await silent(() => restedMs);
    await vi.advanceTimersByTimeAsync(1900);
    // What was not said by then need not have been.
    restedMs = 0;
    await vi.advanceTimersByTimeAsync(1700);
    expect(working.onSilence).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(900);
    expect(working.onSilence).toHaveBeenCalled();
    for (const { watch } of [resting, working]) watch.stop();
  });

  it('takes noise for noise where nobody waits, too, and hurries without giving anybody up', async () => {
    const random = seededRandom(11);
    let arrivesAtMs = 0;
    const { watch, onSilence } = heartbeat(
      () => {
        const delayMs = 300 + 300 * random() + (random() < 0.1 ? 1000 : 0);
        arrivesAtMs = Math.max(arrivesAtMs, Date.now() + delayMs);
        return arrivesAtMs - Date.now();
      },
      () => (Date.now() % 40_000 < 20_000 ? 60_000 : 0),
    );
    await vi.advanceTimersByTimeAsync(30 * 60_000);
    expect(onSilence).not.toHaveBeenCalled();
    watch.stop();
  });

  it('does not blame the peer for its own sleep', async () => {
    const { watch, onSilence } = heartbeat(() => undefined);
    await vi.advanceTimersByTimeAsync(1500);
    // Asleep for a minute: the timer fires once, late.
    vi.setSystemTime(Date.now() + 60_000);
    vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 60_000);
    vi.advanceTimersToNextTimer();
    expect(onSilence).not.toHaveBeenCalled();
    vi.restoreAllMocks();
    watch.stop();
  });

  it('ignores echoes that cannot be true', async () => {
    const { watch } = heartbeat(() => undefined);
    for (const clock of [Number.NaN, -1e9, 1e9, Number.POSITIVE_INFINITY]) watch.echoed(clock);
    expect(watch.roundTripMs).toBe(0);
    watch.stop();
  });
});
