import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DeliveryLog } from '../../../src/net/channel/delivery-log.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Frames one after the other, each late by so much. */
function deliver(log: DeliveryLog, roundTripMs: number, bytes: number, ...lateMs: number[]): void {
  for (const late of lateMs) {
    const id = nextId++;
    log.sent(id, bytes, false);
    vi.advanceTimersByTime(roundTripMs + late);
    log.arrived(id, roundTripMs);
  }
}
let nextId = 0;

describe('how long frames take', () => {
  it('shows a window that is too small by frames that often take a round trip more', () => {
    const log = new DeliveryLog();
    deliver(log, 50, 16_384, 0, 51, 0, 52, 51, 3);
    expect([log.slow(32_768), log.lossy]).toEqual([false, false]);
    deliver(log, 50, 16_384, 50);
    expect([log.slow(32_768), log.slow(16_383), log.lossy]).toEqual([true, false, false]);
    deliver(log, 50, 16_384, ...Array.from({ length: 64 }, () => 10));
    expect(log.slow(32_768)).toBe(false);
  });

  it('takes nothing for that where a busy moment is as long as a round trip', () => {
    const log = new DeliveryLog();
    deliver(log, 30, 16_384, ...Array.from({ length: 20 }, () => 40));
    expect(log.slow(32_768)).toBe(false);
  });

  it('shows a loss by a frame that came after a timer', () => {
    const log = new DeliveryLog();
    deliver(log, 50, 1000, 100);
    expect(log.lossy).toBe(false);
    deliver(log, 50, 1000, 120);
    expect(log.lossy).toBe(true);
  });
});
