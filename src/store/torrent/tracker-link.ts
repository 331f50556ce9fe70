import type { Torrent } from 'webtorrent';

/**
 * Announces now. A tracker client that lost its server waits for up to five minutes and lets only the first of several
 * torrents that share a socket come back, so it is made anew.
 */
export function announceNow({ discovery }: Torrent): void {
  const tracker = discovery?.tracker;
  if (!discovery || !tracker) return;
  if (tracker._trackers.some(({ reconnecting }) => reconnecting)) {
    stopReconnecting(tracker._trackers);
    tracker.destroy();
    discovery.tracker = discovery._createTracker();
  } else {
    tracker.update();
  }
}

/** To be called before a torrent's end: a tracker client that waits to reconnect does so even after its end. */
export function silenceTrackers({ discovery }: Torrent): void {
  stopReconnecting(discovery?.tracker?._trackers ?? []);
}

function stopReconnecting(
  trackers: readonly { readonly reconnectTimer: ReturnType<typeof setTimeout> | null }[],
): void {
  for (const { reconnectTimer } of trackers) if (reconnectTimer) clearTimeout(reconnectTimer);
}
