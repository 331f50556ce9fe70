import type { FrameChannel } from '../../net/transport.ts';
import { type HiddenFormat, hiddenBytes } from '../../protocol/hidden-formats.ts';

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
 * The format in which `count` hidden values go over this link: exact where that is hardly later than the coarsest
 * permitted, else that one. What lies between would cost a packet that gets lost, or a round trip more, as well.
 *
 * @param permitted - the coarsest that the coordinator allows
 */
export function chooseFormat(
  permitted: HiddenFormat,
  count: number,
  { roundTripMs, deliveries }: LinkSpeed,
): HiddenFormat {
  const exactBytes = hiddenBytes('f32', count);
  const fewestBytes = hiddenBytes(permitted, count);
  const comparable = deliveries.filter(
    ({ bytes }) => bytes >= fewestBytes / COMPARABLE && bytes <= exactBytes * COMPARABLE,
  );
  const lateBytes = comparable.reduce((sum, { bytes }) => sum + bytes, 0);
  const lateMs = comparable.reduce((sum, delivery) => sum + delivery.lateMs, 0);
  const savedMs =
    comparable.length > 0
      ? ((exactBytes - fewestBytes) * lateMs) / lateBytes
      : (Math.max(0, exactBytes - WINDOW_BYTES) - Math.max(0, fewestBytes - WINDOW_BYTES)) *
        (roundTripMs / WINDOW_BYTES);
  return savedMs > Math.max(NEGLIGIBLE_MS, NEGLIGIBLE_SHARE * roundTripMs) ? permitted : 'f32';
}
