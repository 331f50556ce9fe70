import { HIDDEN_FORMATS, type HiddenFormat, hiddenBytes } from '../protocol/hidden-formats.ts';

/** What a channel knows of its link; 0 where nothing was measured yet. */
export interface LinkSpeed {
  readonly roundTripMs: number;
  /** Carried while it was never idle. */
  readonly bytesPerMs: number;
}

/** What SCTP sends ahead of the answer once it is warm: so much costs no extra round trip (measured in Chromium). */
const WINDOW_BYTES = 64 * 1024;
/** Time that is not worth rounding for: a scheduler's whim, and a twentieth of the round trip. */
const NEGLIGIBLE_MS = 1;
const NEGLIGIBLE_SHARE = 0.05;

/**
 * The format in which `count` hidden values go over this link: the finest of those permitted that is hardly slower than
 * the fastest.
 *
 * @param permitted - the coarsest that the coordinator allows
 */
export function chooseFormat(permitted: HiddenFormat, count: number, link: LinkSpeed): HiddenFormat {
  const allowed = HIDDEN_FORMATS.slice(0, HIDDEN_FORMATS.indexOf(permitted) + 1);
  const timesMs = allowed.map((format) => transferMs(hiddenBytes(format, count), link));
  const enoughMs = Math.min(...timesMs) + Math.max(NEGLIGIBLE_MS, NEGLIGIBLE_SHARE * link.roundTripMs);
  return allowed[timesMs.findIndex((ms) => ms <= enoughMs)]!;
}

/** How much later the last of `bytes` arrives than the first would. */
function transferMs(bytes: number, { roundTripMs, bytesPerMs }: LinkSpeed): number {
  const windowRate = roundTripMs > 0 ? WINDOW_BYTES / roundTripMs : Number.POSITIVE_INFINITY;
  // A rate below what the window allows is the link's own, and every byte pays for it.
  if (bytesPerMs > 0 && bytesPerMs < windowRate) return bytes / bytesPerMs;
  return Math.max(0, bytes - WINDOW_BYTES) / (bytesPerMs || windowRate);
}
