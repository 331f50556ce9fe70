/**
 * What tabs compute with each other by. It counts up with every change of frames, commands or presence that an older
 * build cannot follow: two builds of different numbers see each other, and give each other no work.
 */
export const WIRE_VERSION = 3;
/** Builds that do not say which they speak. */
export const UNTOLD_WIRE_VERSION = 3;

/** How another build stands to this one; undefined where both speak the same. */
export function buildOf(wire: number): 'older' | 'newer' | undefined {
  if (wire === WIRE_VERSION) return undefined;
  return wire < WIRE_VERSION ? 'older' : 'newer';
}
