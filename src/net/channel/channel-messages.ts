import { ShoalError } from '../../core/errors.ts';
import type { FrameLabel } from './frame-label.ts';
import { prefixed } from './message-assembler.ts';

/*
 * A message on a channel's stream, after its length; little-endian.
 *
 * offset  type  meaning
 * 0       u32   kind: 0 slice of a frame, 1 beat, 2 echo of a beat, 3 arrival, 4 nudge, 5 wish, 6 offer, 7 answer
 * 4       f64   beat and echo: the clock of the beat's sender, ms
 * 4       u32   slice: the frame's number; slices of several frames may take turns
 * 8       u32   slice: the number of the frame before it in its lane, see `FrameLabel`
 * 12      u32   slice: bytes of the whole frame
 * 16      …     slice: the bytes that come next
 * 4       u32   arrival: the number of a frame that is here as a whole; told of some
 * 4       u32   offer and answer: which side connection
 * 8       …     offer and answer: its session description, UTF-8
 *
 * A nudge says nothing. SCTP sends a lost packet again when three later ones have come, and otherwise only after a
 * timeout of several round trips: where packets get lost, three nudges follow a frame that goes over the stream.
 * A wish asks whoever opened the channel for side connections.
 */
const KINDS = ['slice', 'beat', 'echo', 'arrival', 'nudge', 'wish', 'offer', 'answer'] as const;
/** Of a slice's message, before its part of the frame. */
export const SLICE_HEADER_BYTES = 16;
const CLOCK_BYTES = 12;
const ARRIVAL_BYTES = 8;
const DESCRIPTION_HEADER_BYTES = 8;
const BARE_BYTES = 4;

export type ChannelMessage =
  | { readonly kind: 'slice'; readonly label: FrameLabel; readonly part: Uint8Array }
  | { readonly kind: 'beat' | 'echo'; readonly clockMs: number }
  | { readonly kind: 'arrival'; readonly id: number }
  | { readonly kind: 'nudge' }
  | { readonly kind: 'wish' }
  | { readonly kind: 'offer' | 'answer'; readonly index: number; readonly sdp: string };

/** As it goes over the stream, its length before it. */
export function encodeMessage(message: ChannelMessage): Uint8Array<ArrayBuffer> {
  const kind = KINDS.indexOf(message.kind);
  switch (message.kind) {
    case 'slice':
      return prefixed(words(kind, message.label.id, message.label.previous, message.label.total), message.part);
    case 'beat':
    case 'echo':
      return prefixed(words(kind), new Uint8Array(Float64Array.of(message.clockMs).buffer));
    case 'arrival':
      return prefixed(words(kind, message.id));
    case 'offer':
    case 'answer':
      return prefixed(words(kind, message.index), new TextEncoder().encode(message.sdp));
    default:
      return prefixed(words(kind));
  }
}

/** @throws ShoalError `bad-frame` */
export function decodeMessage(message: Uint8Array<ArrayBuffer>): ChannelMessage {
  const view = new DataView(message.buffer);
  const bytes = message.byteLength;
  const kind = bytes < BARE_BYTES ? undefined : KINDS[view.getUint32(0, true)];
  const word = (offset: number) => view.getUint32(offset, true);
  if (kind === 'slice' && bytes >= SLICE_HEADER_BYTES) {
    const label = { id: word(4), previous: word(8), total: word(12) };
    return { kind, label, part: message.subarray(SLICE_HEADER_BYTES) };
  }
  if ((kind === 'beat' || kind === 'echo') && bytes === CLOCK_BYTES) return { kind, clockMs: view.getFloat64(4, true) };
  if (kind === 'arrival' && bytes === ARRIVAL_BYTES) return { kind, id: word(4) };
  if ((kind === 'nudge' || kind === 'wish') && bytes === BARE_BYTES) return { kind };
  if ((kind === 'offer' || kind === 'answer') && bytes > DESCRIPTION_HEADER_BYTES)
    return { kind, index: word(4), sdp: new TextDecoder().decode(message.subarray(DESCRIPTION_HEADER_BYTES)) };
  throw new ShoalError('bad-frame', `A message of kind ${kind ?? 'unknown'} and ${bytes} bytes came.`);
}

function words(...numbers: number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(numbers).buffer);
}
