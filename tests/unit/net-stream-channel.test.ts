import type { Connection, Stream } from '@libp2p/interface';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { prefixed } from '../../src/net/message-assembler.ts';
import { StreamChannel } from '../../src/net/stream-channel.ts';
import { MAX_FRAME_BYTES } from '../../src/protocol/limits.ts';

// What a peer may do to a channel that no honest one does, and what a full send buffer does. How two honest channels
// get on is in the transport contract.

/** The near end of a stream whose far end is the test. */
class ScriptedStream extends EventTarget {
  status = 'open';
  writableNeedsDrain = false;
  readonly sent: Uint8Array[] = [];

  send(bytes: Uint8Array): boolean {
    this.sent.push(bytes);
    return !this.writableNeedsDrain;
  }

  async close(): Promise<void> {
    this.status = 'closed';
    this.dispatchEvent(new Event('close'));
  }

  abort(): void {
    this.status = 'aborted';
    this.dispatchEvent(new Event('close'));
  }

  receive(bytes: Uint8Array): void {
    this.dispatchEvent(Object.assign(new Event('message'), { data: bytes }));
  }

  drain(): void {
    this.writableNeedsDrain = false;
    this.dispatchEvent(new Event('drain'));
  }
}

function open() {
  const stream = new ScriptedStream();
  const connection = { remotePeer: { toString: () => 'peer' }, abort: vi.fn() };
  const channel = new StreamChannel(stream as unknown as Stream, connection as unknown as Connection);
  const onClose = vi.fn();
  channel.onClose(onClose);
  return { stream, connection, channel, onClose };
}

function message(kind: number, body: Uint8Array): Uint8Array {
  return prefixed(Uint8Array.of(kind, 0, 0, 0), body);
}

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
    ['an unknown kind', message(3, new Uint8Array(8)), 'bad-frame'],
    ['a beat of a wrong length', message(1, new Uint8Array(4)), 'bad-frame'],
    ['no kind at all', prefixed(Uint8Array.of(0, 0)), 'bad-frame'],
    ['an empty message', Uint8Array.of(0, 0, 0, 0), 'limit-exceeded'],
    ['a length beyond every frame', Uint8Array.of(255, 255, 255, 255), 'limit-exceeded'],
  ])('is dropped for %s', (_, bytes, code) => {
    const { stream, onClose, channel } = open();
    stream.receive(bytes);
    expect(stream.status).toBe('aborted');
    expect(onClose.mock.calls).toEqual([[expect.objectContaining({ code })]]);
    return expect(channel.send(new Uint8Array(1))).rejects.toMatchObject({ code: 'peer-gone' });
  });

  it('holds early frames for its listener, up to one of the largest', () => {
    const { stream, channel, onClose } = open();
    const half = message(0, new Uint8Array(MAX_FRAME_BYTES / 2));
    stream.receive(half);
    stream.receive(half);
    const got: number[] = [];
    channel.onFrame(({ length }) => got.push(length));
    expect(got).toEqual([MAX_FRAME_BYTES / 2, MAX_FRAME_BYTES / 2]);
    expect(onClose).not.toHaveBeenCalled();
    const unread = open();
    for (let count = 0; count < 3; count++) unread.stream.receive(half);
    expect(unread.onClose.mock.calls).toEqual([[expect.objectContaining({ code: 'limit-exceeded' })]]);
  });

  it('gives frames that begin at a multiple of four', () => {
    const { stream, channel } = open();
    const offsets: number[] = [];
    channel.onFrame(({ byteOffset }) => offsets.push(byteOffset % 4));
    const three = message(0, new Uint8Array(3));
    stream.receive(Uint8Array.from([...three, ...three]));
    expect(offsets).toEqual([0, 0]);
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
