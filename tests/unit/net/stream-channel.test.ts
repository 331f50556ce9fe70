import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MAX_OPEN_FRAMES } from '../../../src/net/channel/frame-assembler.ts';
import { NO_FRAME } from '../../../src/net/channel/frame-label.ts';
import { prefixed } from '../../../src/net/channel/message-assembler.ts';
import { FRAME_SLICE_BYTES, MAX_FRAME_BYTES } from '../../../src/protocol/limits.ts';
import { MAX_PART, measure, message, open, receive, slice, slices } from '../../support/scripted-stream.ts';

// What a peer may do to a channel that no honest one does, and what a full send buffer does. How two honest channels
// get on is in the transport contract.

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, 'warn').mockReturnValue();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('stream channel', () => {
  it.each([
    ['an unknown kind', message(8, new Uint8Array(8)), 'bad-frame'],
    ['an arrival without its number', message(3, new Uint8Array(3)), 'bad-frame'],
    ['a beat of a wrong length', message(1, new Uint8Array(9)), 'bad-frame'],
    ['a slice without its numbers', message(0, new Uint8Array(4)), 'bad-frame'],
    ['a slice longer than its frame', slice(0, 5, new Uint8Array(6)), 'bad-frame'],
    ['a frame over the limit', slice(0, MAX_FRAME_BYTES + 1, new Uint8Array(1)), 'limit-exceeded'],
    ['no kind at all', prefixed(Uint8Array.of(0, 0)), 'bad-frame'],
    ['an empty message', Uint8Array.of(0, 0, 0, 0), 'limit-exceeded'],
    ['a length beyond every message', prefixed(new Uint8Array(FRAME_SLICE_BYTES + 1)), 'limit-exceeded'],
  ])('is dropped for %s', (_, bytes, code) => {
    const { stream, onClose, channel } = open();
    stream.receive(bytes);
    expect(stream.status).toBe('aborted');
    expect(onClose.mock.calls).toEqual([[expect.objectContaining({ code })]]);
    return expect(channel.send(new Uint8Array(1))).rejects.toMatchObject({ code: 'peer-gone' });
  });

  it('holds early frames for its listener, up to one of the largest', () => {
    const { stream, channel, onClose } = open();
    const half = new Uint8Array(MAX_FRAME_BYTES / 2);
    receive(stream, 0, half);
    receive(stream, 1, half);
    const got: number[] = [];
    channel.onFrame(({ length }) => got.push(length));
    expect(got).toEqual([MAX_FRAME_BYTES / 2, MAX_FRAME_BYTES / 2]);
    expect(onClose).not.toHaveBeenCalled();
    const unread = open();
    for (let count = 0; count < 3; count++) receive(unread.stream, count, half);
    expect(unread.onClose.mock.calls).toEqual([[expect.objectContaining({ code: 'limit-exceeded' })]]);
  });

  it('gives frames that begin at a multiple of four', () => {
    const { stream, channel } = open();
    const offsets: number[] = [];
    channel.onFrame(({ byteOffset }) => offsets.push(byteOffset % 4));
    stream.receive(Uint8Array.from([...slice(0, 3, new Uint8Array(3)), ...slice(1, 3, new Uint8Array(3))]));
    expect(offsets).toEqual([0, 0]);
  });

  it('puts frames together whose slices take turns, and gives each when it is whole', () => {
    const { stream, channel } = open();
    const got: number[][] = [];
    channel.onFrame((frame) => got.push([...frame]));
    stream.receive(slice(7, 3, Uint8Array.of(1, 2)));
    stream.receive(slice(8, 2, Uint8Array.of(8)));
    stream.receive(slice(8, 2, Uint8Array.of(9)));
    stream.receive(slice(9, 0, new Uint8Array()));
    stream.receive(slice(7, 3, Uint8Array.of(3)));
    expect(got).toEqual([[8, 9], [], [1, 2, 3]]);
  });

  it('is dropped for a frame that changes its length, or more frames under way than it may have', () => {
    const changed = open();
    changed.stream.receive(slice(0, 5, new Uint8Array(1)));
    changed.stream.receive(slice(0, 6, new Uint8Array(1)));
    expect(changed.onClose.mock.calls).toEqual([[expect.objectContaining({ code: 'bad-frame' })]]);
    const { stream, onClose } = open();
    for (let id = 0; id < MAX_OPEN_FRAMES; id++) stream.receive(slice(id, 5, new Uint8Array(1)));
    expect(onClose).not.toHaveBeenCalled();
    stream.receive(slice(MAX_OPEN_FRAMES, 5, new Uint8Array(1)));
    expect(onClose.mock.calls).toEqual([[expect.objectContaining({ code: 'limit-exceeded' })]]);
    const large = open();
    for (let id = 0; id < 2; id++) large.stream.receive(slice(id, MAX_FRAME_BYTES, new Uint8Array(1)));
    expect(large.onClose).not.toHaveBeenCalled();
    large.stream.receive(slice(2, 1, new Uint8Array()));
    expect(large.onClose.mock.calls).toEqual([[expect.objectContaining({ code: 'limit-exceeded' })]]);
  });

  it('lets frames of different lanes take turns, and keeps the order in a lane', async () => {
    const { stream, channel } = open();
    stream.writableNeedsDrain = true;
    const sends = [
      channel.send(new Uint8Array(3 * MAX_PART), { lane: 'prefill' }),
      channel.send(new Uint8Array(5), { lane: 'prefill' }),
      channel.send(new Uint8Array(MAX_PART + 1), { lane: 'decode' }),
      channel.send(new Uint8Array(7), { lane: 'decode' }),
    ];
    while (slices(stream).length < 7) {
      stream.writableNeedsDrain = false;
      stream.dispatchEvent(new Event('drain'));
      stream.writableNeedsDrain = true;
      await vi.advanceTimersByTimeAsync(0);
    }
    stream.drain();
    await Promise.all(sends);
    expect(slices(stream).map(({ id, previous, part }) => [id, previous, part.length])).toEqual([
      [0, NO_FRAME, MAX_PART],
      [0, NO_FRAME, MAX_PART],
      [1, NO_FRAME, MAX_PART],
      [0, NO_FRAME, MAX_PART],
      [1, NO_FRAME, 1],
      [2, 0, 5],
      [3, 1, 7],
    ]);
  });

  it('keeps no more frames under way than a peer takes', async () => {
    const { stream, channel } = open();
    stream.writableNeedsDrain = true;
    const count = 2 * MAX_OPEN_FRAMES;
    const got: number[] = [];
    const peer = open();
    peer.channel.onFrame(({ length }) => got.push(length));
    const sends = Array.from({ length: count }, (_, lane) =>
      channel.send(new Uint8Array(MAX_PART + lane + 1), { lane: `${lane}` }),
    );
    stream.drain();
    await Promise.all(sends);
    for (const { id, previous, total, part } of slices(stream)) peer.stream.receive(slice(id, total, part, previous));
    expect(got).toEqual(Array.from({ length: count }, (_, lane) => MAX_PART + lane + 1));
  });

  it('says when a frame is here as a whole, and learns how late its own were', async () => {
    const { stream, channel } = open();
    const beat = await measure(stream, 40);
    stream.receive(slice(7, 2, Uint8Array.of(1)));
    expect(stream.sent.at(-1)).toBe(beat);
    stream.receive(slice(7, 2, Uint8Array.of(2)));
    const arrival = message(3, Uint8Array.of(7, 0, 0, 0));
    expect(stream.sent.at(-1)).toEqual(arrival);
    // Not of every frame where they come fast.
    stream.receive(slice(8, 1, Uint8Array.of(1)));
    expect(stream.sent.at(-1)).toEqual(arrival);
    await vi.advanceTimersByTimeAsync(50);
    stream.receive(slice(9, 1, Uint8Array.of(1)));
    expect(stream.sent.at(-1)).toEqual(message(3, Uint8Array.of(9, 0, 0, 0)));
    for (const [id, bytes, ms] of [
      [0, 3 * MAX_PART, 40],
      [1, 10, 75],
    ] as const) {
      await channel.send(new Uint8Array(bytes));
      await vi.advanceTimersByTimeAsync(ms);
      stream.receive(message(3, Uint8Array.of(id, 0, 0, 0)));
      // A frame that nobody sent.
      stream.receive(message(3, Uint8Array.of(99, 0, 0, 0)));
    }
    expect(channel.deliveries).toMatchObject([
      { bytes: 3 * MAX_PART, lateMs: 0 },
      { bytes: 10, lateMs: 30 },
    ]);
  });

  it('sends nudges behind a frame where packets get lost, and not because somebody is busy', async () => {
    const { stream, channel } = open();
    const nudges = () => stream.sent.filter((bytes) => bytes.length === 8 && bytes[4] === 4).length;
    await measure(stream, 50);
    let id = 0;
    const deliver = async (lateMs: number) => {
      await channel.send(new Uint8Array(10));
      await vi.advanceTimersByTimeAsync(50 + lateMs);
      stream.receive(message(3, Uint8Array.of(id++, 0, 0, 0)));
    };
    await deliver(100);
    await deliver(120);
    expect(nudges()).toBe(0);
    // Sent again by SCTP's timer the first time, and at the nudges the second, which keeps them coming.
    await deliver(0);
    expect(nudges()).toBe(3);
    await deliver(55);
    for (let count = 0; count < 63; count++) await deliver(0);
    expect(nudges()).toBe(3 * 65);
    await deliver(0);
    await deliver(0);
    expect(nudges()).toBe(3 * 66);
    const peer = open();
    for (const bytes of stream.sent.slice(1)) peer.stream.receive(bytes);
    expect(peer.onClose).not.toHaveBeenCalled();
  });

  it('answers beats with their own number', () => {
    const { stream } = open();
    const beat = new Uint8Array(8).fill(9);
    stream.receive(message(1, beat));
    expect(stream.sent.at(-1)).toEqual(message(2, beat));
  });

  it('gives up a silent peer and its connection', async () => {
    const { connection, onClose } = open();
    await vi.advanceTimersByTimeAsync(6000);
    expect(onClose.mock.calls).toEqual([[expect.objectContaining({ code: 'peer-gone' })]]);
    expect(connection.abort).toHaveBeenCalledOnce();
  });

  it('sends one frame at a time while the buffer is full, and no beats; each waits for its own room', async () => {
    const { stream, channel } = open();
    await vi.advanceTimersByTimeAsync(0);
    const beats = stream.sent.length;
    stream.writableNeedsDrain = true;
    const done: number[] = [];
    const sends = [1, 2].map((number) => channel.send(Uint8Array.of(number)).then(() => done.push(number)));
    await vi.advanceTimersByTimeAsync(2000);
    expect([stream.sent.length - beats, done]).toEqual([1, []]);
    stream.drain();
    await Promise.all(sends);
    expect([stream.sent.length - beats, done]).toEqual([2, [1, 2]]);
  });

  it('lets a sender go when the signal fires or the channel ends', async () => {
    const { stream, channel } = open();
    stream.writableNeedsDrain = true;
    const abort = new AbortController();
    const first = expect(channel.send(new Uint8Array(1))).rejects.toMatchObject({ code: 'peer-gone' });
    const second = expect(channel.send(new Uint8Array(2), abort)).rejects.toMatchObject({ code: 'aborted' });
    const third = expect(channel.send(new Uint8Array(3))).rejects.toMatchObject({ code: 'peer-gone' });
    abort.abort();
    await second;
    stream.abort();
    await Promise.all([first, third]);
  });
});
