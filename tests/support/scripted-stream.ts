import type { Connection, Stream } from '@libp2p/interface';
import { vi } from 'vitest';
import { decodeMessage, encodeMessage } from '../../src/net/channel/channel-messages.ts';
import { type FrameLabel, NO_FRAME } from '../../src/net/channel/frame-label.ts';
import { prefixed } from '../../src/net/channel/message-assembler.ts';
import { StreamChannel } from '../../src/net/channel/stream-channel.ts';
import { WorkClock } from '../../src/net/channel/work-clock.ts';
import { FRAME_SLICE_BYTES } from '../../src/protocol/limits.ts';

/** What a slice holds at most. */
export const MAX_PART = FRAME_SLICE_BYTES - 32;

/** A message's length before it. */
const PREFIX_BYTES = 4;

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

/** A channel over such a stream. */
export function open() {
  const stream = new ScriptedStream();
  const connection = { remotePeer: { toString: () => 'peer' }, abort: vi.fn() };
  const channel = new StreamChannel(stream as unknown as Stream, connection as unknown as Connection, new WorkClock());
  const onClose = vi.fn();
  channel.onClose(onClose);
  return { stream, connection, channel, onClose };
}

/** As it goes over the stream: length, kind, body. */
export function message(kind: number, body: Uint8Array): Uint8Array {
  return prefixed(Uint8Array.of(kind, 0, 0, 0), body);
}

/** A message with a part of a frame of `total` bytes. */
export function slice(id: number, total: number, part: Uint8Array, previous = NO_FRAME): Uint8Array {
  return encodeMessage({ kind: 'slice', label: { id, previous, total }, part });
}

/** The slices that were sent. */
export function slices(stream: ScriptedStream): (FrameLabel & { part: Uint8Array })[] {
  return stream.sent.flatMap((bytes) => {
    const message = decodeMessage(bytes.slice(PREFIX_BYTES));
    return message.kind === 'slice' ? [{ ...message.label, part: message.part }] : [];
  });
}

/** Makes a frame arrive, in slices as long as they may be. */
export function receive(stream: ScriptedStream, id: number, frame: Uint8Array): void {
  for (let start = 0; start < frame.length; start += MAX_PART)
    stream.receive(slice(id, frame.length, frame.subarray(start, start + MAX_PART)));
}

/** The channel's first beat, answered after `roundTripMs`: from then on it knows how far away its peer is. */
export async function measure(stream: ScriptedStream, roundTripMs: number): Promise<Uint8Array> {
  await vi.advanceTimersByTimeAsync(0);
  const beat = stream.sent.at(-1)!;
  await vi.advanceTimersByTimeAsync(roundTripMs);
  stream.receive(message(2, beat.subarray(8)));
  return beat;
}
