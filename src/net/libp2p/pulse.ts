import type { Connection, Stream } from '@libp2p/interface';
import { ShoalError } from '../../core/errors.ts';
import { StreamChannel } from '../channel/stream-channel.ts';
import type { WorkClock } from '../channel/work-clock.ts';
import { isDirect } from './direct-dialer.ts';
import type { TabNode } from './libp2p-node.ts';

/** The libp2p protocol of a channel that carries nothing but its heartbeat. */
const PULSE_PROTOCOL = '/shoal/pulse/1.0.0';
/** Opening a stream is two round trips over an open connection. */
const OPEN_TIMEOUT_MS = 8000;
/** Pulses of one connection: the caller opens one. */
const MAX_PULSES = 2;

/**
 * Ends every connection between tabs as soon as the other tab is gone. When a tab closes, its data channels close at
 * once, but an `RTCPeerConnection` says so only after 16 seconds; when it crashes, only a heartbeat tells.
 * @param work - the tab's own
 */
export function watchConnections(node: TabNode, work: WorkClock): void {
  const watch = (stream: Stream, connection: Connection) => {
    new StreamChannel(stream, connection, work).onClose(() => {
      connection.abort(new ShoalError('peer-gone', `${connection.remotePeer} has ended the connection.`));
    });
  };
  void node.handle(PULSE_PROTOCOL, watch, { maxInboundStreams: MAX_PULSES });
  node.addEventListener('connection:open', ({ detail: connection }) => {
    // The relay's connection is a WebSocket, which does say when it ends.
    if (!isDirect(connection) || connection.direction === 'inbound' || !isWebRtc(connection)) return;
    connection.newStream(PULSE_PROTOCOL, { signal: AbortSignal.timeout(OPEN_TIMEOUT_MS) }).then(
      (stream) => watch(stream, connection),
      (error: unknown) => connection.abort(ShoalError.from(error)),
    );
  });
}

function isWebRtc(connection: Connection): boolean {
  return connection.remoteAddr.getComponents().some(({ name }) => name === 'webrtc');
}
