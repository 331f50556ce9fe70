import { beforeEach, describe, expect, it, vi } from 'vitest';
import { announceNow, silenceTrackers } from '../../../src/store/torrent/tracker-link.ts';
import { FakeTorrent } from '../../support/fake-torrent.ts';

let fake: FakeTorrent;
beforeEach(() => {
  fake = new FakeTorrent();
});

describe('the tracker link', () => {
  const trackerOf = (reconnecting: boolean, reconnectTimer: ReturnType<typeof setTimeout> | null = null) => ({
    _trackers: [{ reconnecting, reconnectTimer }],
    update: vi.fn(),
    destroy: vi.fn(),
  });

  it('announces on a connected tracker client', () => {
    const tracker = trackerOf(false);
    fake.discovery = { tracker, _createTracker: vi.fn() };
    announceNow(fake.torrent);
    expect(tracker.update).toHaveBeenCalledOnce();
    expect(tracker.destroy).not.toHaveBeenCalled();
  });

  it('replaces a tracker client that waits to reconnect, whose timer must not live on', async () => {
    const reconnect = vi.fn();
    const tracker = trackerOf(
      true,
      setTimeout(() => reconnect(), 1),
    );
    const fresh = trackerOf(false);
    const discovery = { tracker, _createTracker: () => fresh };
    fake.discovery = discovery;
    announceNow(fake.torrent);
    expect(tracker.destroy).toHaveBeenCalledOnce();
    expect(discovery.tracker).toBe(fresh);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(reconnect).not.toHaveBeenCalled();
  });

  it('silences a tracker client before its end', async () => {
    const reconnect = vi.fn();
    fake.discovery = {
      tracker: trackerOf(
        true,
        setTimeout(() => reconnect(), 1),
      ),
    };
    silenceTrackers(fake.torrent);
    fake.discovery = null;
    silenceTrackers(fake.torrent);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(reconnect).not.toHaveBeenCalled();
  });
});
