import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ShoalError } from '../../../src/core/errors.ts';
import type { ChannelMessage } from '../../../src/net/channel/channel-messages.ts';
import { NO_FRAME } from '../../../src/net/channel/frame-label.ts';
import type { SideOptions } from '../../../src/net/channel/side-connections.ts';
import { SideFrames, type Sides } from '../../../src/net/channel/side-frames.ts';
import { MAX_STRIPED_BYTES, stripe } from '../../../src/net/channel/stripes.ts';

// When side connections are opened, and what becomes of them. That real ones carry frames is in tests/e2e/noise.spec.ts.

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, 'info').mockReturnValue();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const LABEL = { id: 0, previous: NO_FRAME, total: 3000 };

/** One end, with side connections that do what the test says. */
function openEnd(caller: boolean) {
  const opened: { sides: Sides & { ready: boolean }; options: Omit<SideOptions, 'iceServers' | 'addresses'> }[] = [];
  const sent: ChannelMessage[] = [];
  const onFrame = vi.fn();
  const onBroken = vi.fn();
  const onHeard = vi.fn();
  const end = new SideFrames({
    peerId: 'peer',
    caller,
    open: (options) => {
      const sides = { ready: false, offer: vi.fn(), take: vi.fn(), send: vi.fn(() => true), close: vi.fn() };
      opened.push({ sides, options });
      return sides;
    },
    send: (message) => sent.push(message),
    isHere: () => false,
    onFrame,
    onHeard,
    onBroken,
  });
  return { end, opened, sent, onFrame, onBroken, onHeard };
}

const failure = new ShoalError('peer-gone', 'gone');

describe('frames over side connections', () => {
  it('are offered by the one who opened the channel, and wished for by the other', () => {
    const [caller, called] = [openEnd(true), openEnd(false)];
    called.end.want();
    called.end.want();
    expect(called.sent).toEqual([{ kind: 'wish' }]);
    caller.end.take({ kind: 'wish' });
    caller.end.want();
    expect(caller.opened.length).toBe(1);
    expect(caller.opened[0]!.sides.offer).toHaveBeenCalledOnce();
    for (const index of [0, 1]) called.end.take({ kind: 'offer', index, sdp: 'here' });
    expect(called.opened.length).toBe(1);
    expect(called.opened[0]!.sides.take).toHaveBeenLastCalledWith('offer', 1, 'here');
    called.opened[0]!.options.describe('answer', 1, 'there');
    expect(called.sent.at(-1)).toEqual({ kind: 'answer', index: 1, sdp: 'there' });
    caller.end.take({ kind: 'answer', index: 1, sdp: 'there' });
    expect(caller.opened[0]!.sides.take).toHaveBeenCalledExactlyOnceWith('answer', 1, 'there');
  });

  it('go in packets once all connections are open, unless they are long or nothing more fits', () => {
    const { end, opened, onFrame, onHeard } = openEnd(true);
    const frame = new Uint8Array(3000).fill(7);
    expect(end.send(LABEL, frame)).toBe(false);
    end.want();
    expect(end.send(LABEL, frame)).toBe(false);
    const { sides, options } = opened[0]!;
    sides.ready = true;
    expect(end.send(LABEL, frame)).toBe(true);
    expect(sides.send).toHaveBeenCalledExactlyOnceWith(stripe(LABEL, frame));
    expect(end.send(LABEL, new Uint8Array(MAX_STRIPED_BYTES + 1))).toBe(false);
    expect(end.send(LABEL, new Uint8Array(0))).toBe(false);
    vi.mocked(sides.send).mockReturnValue(false);
    expect(end.send(LABEL, frame)).toBe(false);
    for (const packet of stripe(LABEL, frame).slice(1)) options.onMessage(packet);
    expect(onFrame).toHaveBeenCalledExactlyOnceWith(LABEL, frame);
    expect(onHeard).toHaveBeenCalledTimes(3);
  });

  it('are given up for a while when the connections do not open, and end the channel when open ones fail', () => {
    const { end, opened, onBroken } = openEnd(true);
    end.want();
    opened[0]!.options.onLost(failure);
    end.want();
    expect([opened.length, onBroken.mock.calls.length]).toEqual([1, 0]);
    vi.advanceTimersByTime(30_000);
    end.want();
    expect(opened.length).toBe(2);
    opened[1]!.sides.ready = true;
    opened[1]!.options.onLost(failure);
    expect(onBroken).toHaveBeenCalledExactlyOnceWith(failure);
  });

  it('take no call from the wrong end, none in quick succession, and nothing that is no packet', () => {
    const caller = openEnd(true);
    expect(() => caller.end.take({ kind: 'offer', index: 0, sdp: '' })).toThrow(
      expect.objectContaining({ code: 'bad-frame' }),
    );
    const { end, opened, onBroken } = openEnd(false);
    for (const kind of ['answer', 'wish'] as const)
      expect(() => end.take({ kind, index: 0, sdp: '' })).toThrow(expect.objectContaining({ code: 'bad-frame' }));
    const call = () => end.take({ kind: 'offer', index: 0, sdp: '' });
    call();
    opened[0]!.options.onLost(failure);
    call();
    vi.advanceTimersByTime(19_000);
    call();
    expect(opened.length).toBe(1);
    vi.advanceTimersByTime(1000);
    call();
    expect(opened.length).toBe(2);
    opened[1]!.options.onMessage(new Uint8Array(5));
    expect(onBroken).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: 'bad-frame' }));
  });
});
