/** How @libp2p/webrtc names the channel that it opens only to have something to connect for. */
const INIT_LABEL = 'init';

/**
 * Lets those who listen late to the channel of a WebRTC dial hear what has happened already. In @libp2p/webrtc 6.0.33 the
 * called tab may open and close that channel before the calling tab listens for it, which then waits for ever: one dial
 * in twenty hung until it was given up. Call once, before the first dial.
 */
export function repeatMissedChannelEvents(connections: typeof RTCPeerConnection | undefined): void {
  if (!connections || patched.has(connections)) return;
  patched.add(connections);
  const { createDataChannel } = connections.prototype;
  connections.prototype.createDataChannel = function (label, options) {
    const channel = createDataChannel.call(this, label, options);
    if (label === INIT_LABEL) repeatMissedEvents(channel);
    return channel;
  };
}

const patched = new WeakSet<object>();

/** A listener for `open` or `close` that comes after the event is called all the same. */
function repeatMissedEvents(channel: RTCDataChannel): void {
  const add = channel.addEventListener.bind(channel);
  channel.addEventListener = (type: string, listener: EventListenerOrEventListenerObject | null, options?: unknown) => {
    add(type, listener as EventListener, options as AddEventListenerOptions);
    const { readyState } = channel;
    const missed = (type === 'open' && readyState !== 'connecting') || (type === 'close' && readyState === 'closed');
    if (missed) queueMicrotask(() => channel.dispatchEvent(new Event(type)));
  };
}
