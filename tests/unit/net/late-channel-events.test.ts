import { describe, expect, it, vi } from 'vitest';
import { repeatMissedChannelEvents } from '../../../src/net/libp2p/late-channel-events.ts';

class FakeChannel extends EventTarget {
  readyState: RTCDataChannelState = 'connecting';

  become(state: RTCDataChannelState): void {
    this.readyState = state;
    if (state === 'open') this.dispatchEvent(new Event('open'));
    if (state === 'closed') this.dispatchEvent(new Event('close'));
  }
}

/** A channel of a connection whose late listeners are looked after. */
function createChannel(label: string): FakeChannel {
  class FakeConnection {
    createDataChannel(_label: string): FakeChannel {
      return new FakeChannel();
    }
  }
  const connections = FakeConnection as unknown as typeof RTCPeerConnection;
  repeatMissedChannelEvents(connections);
  repeatMissedChannelEvents(connections);
  return new FakeConnection().createDataChannel(label);
}

/** How often a listener that is added in this state is called, before and after the channel closes. */
async function listen(channel: FakeChannel, type: 'open' | 'close'): Promise<number> {
  const listener = vi.fn();
  channel.addEventListener(type, listener, { once: true });
  await Promise.resolve();
  return listener.mock.calls.length;
}

describe('the channel of a dial', () => {
  it('tells late listeners that it has opened and closed', async () => {
    const channel = createChannel('init');
    expect(await listen(channel, 'open')).toBe(0);
    channel.become('open');
    expect(await listen(channel, 'open')).toBe(1);
    expect(await listen(channel, 'close')).toBe(0);
    channel.become('closed');
    expect(await listen(channel, 'open')).toBe(1);
    expect(await listen(channel, 'close')).toBe(1);
  });

  it('leaves every other channel alone', async () => {
    const channel = createChannel('data');
    channel.become('open');
    channel.become('closed');
    expect(await listen(channel, 'open')).toBe(0);
    expect(await listen(channel, 'close')).toBe(0);
  });
});
