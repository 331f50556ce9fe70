import { ShoalError } from '../../core/errors.ts';
import type { FrameLabel } from './frame-label.ts';

/*
 * A frame cut into packets that travel apart, each one SCTP packet, in any order. Little-endian.
 *
 * offset  type  meaning
 * 0       u32   the frame's number
 * 4       u32   the number of the frame before it in its lane, see `FrameLabel`
 * 8       u32   bytes of the whole frame
 * 12      u32   the packet's number: first come the frame's parts, then a parity packet for each group of parts
 * 16      …     a part; or the exclusive or of a group's parts, each filled up with zeros
 *
 * Of G groups, group g has the parts g, g + G, g + 2G, …: any one packet of a group may be missing.
 */
const HEADER_BYTES = 16;
/** With its header, and what SCTP and DTLS put around it, one packet of the least that Chromium sends. */
const PART_BYTES = 1100;
/** Parts that share a parity packet: one packet in a hundred is lost, hardly ever two of sixteen. */
const GROUP_PARTS = 15;
/** Longer frames are prompts: what a round trip more costs them is little, and they would crowd out the rows of others. */
export const MAX_STRIPED_BYTES = 32 * 1024;
/** Frames under way at once, a packet of each missing; a peer that has more of them is not honest. */
const MAX_OPEN_STRIPES = 1024;

interface OpenFrame extends FrameLabel {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly missing: Set<number>;
  readonly parities: Map<number, Uint8Array>;
}

/** @returns the frame's packets; 1 to `MAX_STRIPED_BYTES` bytes */
export function stripe(label: FrameLabel, frame: Uint8Array): Uint8Array<ArrayBuffer>[] {
  const parts = partCount(label.total);
  const groups = groupCount(parts);
  const packets = Array.from({ length: parts }, (_, index) =>
    packet(label, index, frame.subarray(index * PART_BYTES, (index + 1) * PART_BYTES)),
  );
  for (let group = 0; group < groups; group++) {
    const parity = new Uint8Array(partLength(label.total, group));
    for (let index = group; index < parts; index += groups) addTo(parity, packets[index]!.subarray(HEADER_BYTES));
    packets.push(packet(label, parts + group, parity));
  }
  return packets;
}

/** Puts frames together again from their packets. */
export class StripeAssembler {
  readonly #open = new Map<number, OpenFrame>();

  /**
   * @param isHere - whether a frame is whole already: a packet of it comes too late
   * @returns the frame that the packet makes whole
   * @throws ShoalError `bad-frame`, `limit-exceeded`
   */
  push(bytes: Uint8Array, isHere: (id: number) => boolean): { label: FrameLabel; frame: Uint8Array } | undefined {
    const { label, index, part } = readPacket(bytes);
    if (isHere(label.id)) return undefined;
    const frame = this.#open.get(label.id) ?? this.#begin(label);
    if (frame.total !== label.total || frame.previous !== label.previous)
      throw new ShoalError('bad-frame', `Packets of frame ${label.id} do not fit together.`);
    const parts = partCount(frame.total);
    const groups = groupCount(parts);
    if (index < parts) {
      if (!frame.missing.delete(index)) return undefined;
      frame.bytes.set(part, index * PART_BYTES);
    } else frame.parities.set(index - parts, part.slice());
    mend(frame, index < parts ? index % groups : index - parts);
    if (frame.missing.size > 0) return undefined;
    this.#open.delete(label.id);
    return { label, frame: frame.bytes };
  }

  #begin(label: FrameLabel): OpenFrame {
    if (this.#open.size === MAX_OPEN_STRIPES)
      throw new ShoalError('limit-exceeded', `${MAX_OPEN_STRIPES} frames lack packets.`);
    const missing = new Set(Array.from({ length: partCount(label.total) }, (_, index) => index));
    const frame = { ...label, bytes: new Uint8Array(label.total), missing, parities: new Map() };
    this.#open.set(label.id, frame);
    return frame;
  }
}

/** Computes the group's part that alone is missing, where its parity packet is here. */
function mend({ total, bytes, missing, parities }: OpenFrame, group: number): void {
  const parity = parities.get(group);
  if (!parity) return;
  const parts = partCount(total);
  const groups = groupCount(parts);
  let lost: number | undefined;
  for (let index = group; index < parts; index += groups) {
    if (!missing.has(index)) continue;
    if (lost !== undefined) return;
    lost = index;
  }
  if (lost === undefined) return;
  const part = parity.slice();
  for (let index = group; index < parts; index += groups) {
    if (index !== lost) addTo(part, bytes.subarray(index * PART_BYTES, (index + 1) * PART_BYTES));
  }
  bytes.set(part.subarray(0, partLength(total, lost)), lost * PART_BYTES);
  missing.delete(lost);
}

function packet({ id, previous, total }: FrameLabel, index: number, part: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEADER_BYTES + part.length);
  const view = new DataView(bytes.buffer);
  for (const [word, value] of [id, previous, total, index].entries()) view.setUint32(4 * word, value, true);
  bytes.set(part, HEADER_BYTES);
  return bytes;
}

function readPacket(bytes: Uint8Array): { label: FrameLabel; index: number; part: Uint8Array } {
  if (bytes.length <= HEADER_BYTES) throw new ShoalError('bad-frame', `A packet of ${bytes.length} bytes came.`);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const [id, previous, total, index] = [0, 4, 8, 12].map((offset) => view.getUint32(offset, true)) as [
    ...[number, number, number, number],
  ];
  const part = bytes.subarray(HEADER_BYTES);
  if (total < 1 || total > MAX_STRIPED_BYTES)
    throw new ShoalError('limit-exceeded', `A frame of ${total} bytes came in packets.`);
  const parts = partCount(total);
  if (index >= parts + groupCount(parts) || part.length !== partLength(total, index < parts ? index : index - parts))
    throw new ShoalError('bad-frame', `Packet ${index} of a frame of ${total} bytes has ${part.length}.`);
  return { label: { id, previous, total }, index, part };
}

function partCount(total: number): number {
  return Math.ceil(total / PART_BYTES);
}

function groupCount(parts: number): number {
  return Math.ceil(parts / GROUP_PARTS);
}

/** Bytes of a part; a group's first part is its longest, and as long is its parity. */
function partLength(total: number, index: number): number {
  return Math.min(PART_BYTES, total - index * PART_BYTES);
}

function addTo(sum: Uint8Array, part: Uint8Array): void {
  // A plain loop: this is done to every byte that travels.
  for (let index = 0; index < part.length; index++) sum[index]! ^= part[index]!;
}
