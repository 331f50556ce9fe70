import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PeerRecovery } from '../../../src/store/torrent/peer-recovery.ts';
import { FakeTorrent } from '../../support/fake-torrent.ts';

let fake: FakeTorrent;
beforeEach(() => {
  fake = new FakeTorrent();
});

describe('peer recovery', () => {
  const update = vi.fn();
  let recovery: PeerRecovery;

  beforeEach(() => {
    vi.useFakeTimers();
    update.mockClear();
    fake.discovery = { tracker: { _trackers: [], update } };
    recovery = new PeerRecovery(fake.torrent);
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('has no patience with silent peers', () => {
    expect(fake.connect('peer').timeoutMs).toBe(8000);
  });

  it('looks for others when the last peer is gone, once', () => {
    const [one, other] = [fake.connect('one'), fake.connect('other')];
    one.destroy();
    vi.advanceTimersByTime(5000);
    expect(update).not.toHaveBeenCalled();
    other.destroy();
    vi.advanceTimersByTime(60_000);
    expect(update).toHaveBeenCalledOnce();
  });

  it('lets it be when nothing is missing, when somebody came, and after the end', () => {
    for (const change of [
      () => fake.connect('another'),
      () => Object.assign(fake, { done: true }),
      () => recovery.close(),
    ]) {
      fake.done = false;
      fake.wires = [];
      fake.connect('peer').destroy();
      change();
      vi.advanceTimersByTime(60_000);
    }
    expect(update).not.toHaveBeenCalled();
  });
});
