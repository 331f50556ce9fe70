import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DeviceWatch, standsStill } from '../../../src/swarm/stage/device-watch.ts';

const LAYERS = { start: 0, end: 4 };
let loading = false;
let watch: DeviceWatch;
beforeEach(() => {
  vi.useFakeTimers();
  loading = false;
  watch = new DeviceWatch(() => loading);
});
afterEach(() => vi.useRealTimers());

/** A batch that takes so long. */
function work(ms: number, tokens = 1): void {
  watch.begin(LAYERS, tokens);
  vi.advanceTimersByTime(ms);
  watch.end();
}

describe('a device', () => {
  it('stands still when it takes four times as long as it does as a rule, and a second and a half', () => {
    for (let count = 0; count < 5; count++) work(1000);
    watch.begin(LAYERS, 1);
    vi.advanceTimersByTime(3900);
    expect(standsStill(watch.pace())).toBe(false);
    vi.advanceTimersByTime(200);
    expect(standsStill(watch.pace())).toBe(true);
    watch.end();
    for (let count = 0; count < 50; count++) work(10);
    watch.begin(LAYERS, 1);
    vi.advanceTimersByTime(1400);
    expect(standsStill(watch.pace())).toBe(false);
    vi.advanceTimersByTime(200);
    expect(standsStill(watch.pace())).toBe(true);
  });

  it('is given long prompts by their length, and its first of a kind twenty seconds', () => {
    for (let count = 0; count < 5; count++) work(10);
    watch.begin(LAYERS, 64);
    vi.advanceTimersByTime(19_000);
    expect(standsStill(watch.pace())).toBe(false);
    watch.end();
    // 19 s for 64 positions: half as long for 32.
    watch.begin(LAYERS, 32);
    vi.advanceTimersByTime(30_000);
    expect(standsStill(watch.pace())).toBe(false);
    vi.advanceTimersByTime(10_000);
    expect(standsStill(watch.pace())).toBe(true);
  });

  it('is given time while it loads', () => {
    work(10);
    watch.begin(LAYERS, 1);
    loading = true;
    vi.advanceTimersByTime(19_000);
    expect(standsStill(watch.pace())).toBe(false);
  });
});

describe('a device that is hopeless', () => {
  const never = new Promise<never>(() => undefined);

  it('stands still for half a minute, and ten times as long as it may', () => {
    for (let count = 0; count < 5; count++) work(1000);
    watch.begin(LAYERS, 1);
    vi.advanceTimersByTime(39_000);
    expect(watch.hopeless).toBe(false);
    vi.advanceTimersByTime(2000);
    expect(watch.hopeless).toBe(true);
    watch.renew();
    expect(watch.hopeless).toBe(false);
  });

  it('answers nothing for half a minute while it rests', () => {
    watch.answered(never).catch(() => undefined);
    vi.advanceTimersByTime(29_000);
    expect(watch.hopeless).toBe(false);
    vi.advanceTimersByTime(2000);
    expect(watch.hopeless).toBe(true);
    watch.renew();
    vi.advanceTimersByTime(60_000);
    expect(watch.hopeless).toBe(false);
  });

  it('is none while it loads, or does something for the first time', () => {
    loading = true;
    watch.answered(never).catch(() => undefined);
    watch.begin(LAYERS, 64);
    vi.advanceTimersByTime(10 * 60_000);
    expect(watch.hopeless).toBe(false);
  });
});

describe('a call on a device', () => {
  const never = new Promise<never>(() => undefined);

  it('is over when the device rests and does not answer', async () => {
    const answered = expect(watch.answered(never)).rejects.toMatchObject({ code: 'timeout' });
    await vi.advanceTimersByTimeAsync(2000);
    await answered;
  });

  it('waits for what the device is at, as long as that takes as a rule', async () => {
    work(1000);
    watch.begin(LAYERS, 1);
    const state = vi.fn();
    watch.answered(never).catch(state);
    await vi.advanceTimersByTimeAsync(3500);
    expect(state).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1000);
    expect(state).toHaveBeenCalled();
  });

  it('that waits for other things too is not over because the device rests', async () => {
    const state = vi.fn();
    watch.reached(never).catch(state);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(state).not.toHaveBeenCalled();
    work(10);
    watch.begin(LAYERS, 1);
    await vi.advanceTimersByTimeAsync(2000);
    expect(state).toHaveBeenCalled();
  });

  it('gives its result', async () => {
    await expect(watch.answered(Promise.resolve(5))).resolves.toBe(5);
    await expect(watch.answered(Promise.reject(new Error('no')))).rejects.toThrow('no');
  });
});
