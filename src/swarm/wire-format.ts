import type { FrameChannel } from '../net/transport.ts';
import { HIDDEN_FORMATS, type HiddenFormat, hiddenBytes } from '../protocol/hidden-formats.ts';

/** What a channel knows of its link. */
export type LinkSpeed = Pick<FrameChannel, 'roundTripMs' | 'deliveries'>;

/** What SCTP sends ahead of the answer once it is warm: so much costs no extra round trip (measured in Chromium). */
const WINDOW_BYTES = 64 * 1024;
/** Time that is not worth rounding for: a scheduler's whim, and a twentieth of the round trip. */
const NEGLIGIBLE_MS = 1;
const NEGLIGIBLE_SHARE = 0.05;
/** Frames so much larger or smaller than these tell nothing: a long one is slowed by the rate, a short one by losses. */
const COMPARABLE = 2;

/**
 * The format in which `count` hidden values go over this link: the finest of those permitted that is hardly slower than
 * the fastest.
 *
 * @param permitted - the coarsest that the coordinator allows
 */
export function chooseFormat(permitted: HiddenFormat, count: number, link: LinkSpeed): HiddenFormat {
  const allowed = HIDDEN_FORMATS.slice(0, HIDDEN_FORMATS.indexOf(permitted) + 1);
  const sizes = allowed.map((format) => hiddenBytes(format, count));
  const timesMs = sizes.map(lateness(link, sizes.at(-1)! / COMPARABLE, sizes[0]! * COMPARABLE));
  const enoughMs = Math.min(...timesMs) + Math.max(NEGLIGIBLE_MS, NEGLIGIBLE_SHARE * link.roundTripMs);
  return allowed[timesMs.findIndex((ms) => ms <= enoughMs)]!;
}

/** How late frames of a size come, by what frames from `minBytes` to `maxBytes` have met. */
function lateness({ roundTripMs, deliveries }: LinkSpeed, minBytes: number, maxBytes: number) {
  const comparable = deliveries.filter(({ bytes }) => bytes >= minBytes && bytes <= maxBytes);
  if (comparable.length === 0)
    return (bytes: number) => (Math.max(0, bytes - WINDOW_BYTES) * roundTripMs) / WINDOW_BYTES;
  const total = (value: (delivery: (typeof comparable)[number]) => number) =>
    comparable.reduce((sum, delivery) => sum + value(delivery), 0);
  const msPerByte = total(({ lateMs }) => lateMs) / total(({ bytes }) => bytes);
  return (bytes: number) => bytes * msPerByte;
}
