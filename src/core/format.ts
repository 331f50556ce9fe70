/** Numbers as people read them. Decimal units, as torrent clients and browsers show sizes. */

/** How a language writes numbers and lists. */
export interface Notation {
  /** @param digits - behind the decimal separator */
  readonly number: (value: number, digits: number) => string;
  /** `12 of 24 MB`: what is done of a whole. */
  readonly of: (done: string, total: string) => string;
  /** Between the last two words of a list. */
  readonly and: string;
}

/** Of the log, of errors and of the command line; the page has its reader's (`words/format.ts`). */
export const ENGLISH: Notation = {
  number: (value, digits) => value.toFixed(digits),
  of: (done, total) => `${done} of ${total}`,
  and: 'and',
};

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** `98.4 MB`: three significant digits at most, so that a column of sizes stays narrow. */
export function formatBytes(sizeBytes: number, notation = ENGLISH): string {
  const { value, unit } = scaleBytes(sizeBytes, notation);
  return `${value} ${unit}`;
}

/** `12.4 of 24.6 MB`, the unit said once where both share it. */
export function formatBytesOf(doneBytes: number, totalBytes: number, notation = ENGLISH): string {
  const done = scaleBytes(doneBytes, notation);
  const total = scaleBytes(totalBytes, notation);
  const doneText = done.unit === total.unit || doneBytes === 0 ? done.value : `${done.value} ${done.unit}`;
  return notation.of(doneText, `${total.value} ${total.unit}`);
}

/** `3.2 MB/s`; less than a byte a second is `0`. */
export function formatRate(bytesPerSecond: number, notation = ENGLISH): string {
  return bytesPerSecond < 1 ? '0' : `${formatBytes(bytesPerSecond, notation)}/s`;
}

/** `4 s`, `1 min 20 s`, `2 h 5 min`, `3 d 4 h`; a started second counts, so that a wait never shows as 0. */
export function formatTimeLeft(seconds: number): string {
  const whole = Math.max(1, Math.ceil(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return pair(Math.floor(whole / 60), 'min', whole % 60, 's');
  const minutes = Math.floor(whole / 60);
  if (minutes < 24 * 60) return pair(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
  const hours = Math.floor(minutes / 60);
  return pair(Math.floor(hours / 24), 'd', hours % 24, 'h');
}

/** `0.4`, `12.3`, `128`: milliseconds without their unit, one decimal while it tells something. */
export function formatMs(ms: number, notation = ENGLISH): string {
  return notation.number(ms, ms < 99.95 ? 1 : 0);
}

/** `3 ms`, `0.4 s`, `12 s`, `1 min 20 s`: how long something took, as exactly as a person cares. */
export function formatDuration(ms: number, notation = ENGLISH): string {
  if (ms < 99.5) return `${Math.round(ms)} ms`;
  return ms < 9950 ? `${notation.number(ms / 1000, 1)} s` : formatTimeLeft(Math.round(ms / 1000));
}

/** Whole percent that reaches 100 only when all is done. */
export function percent(done: number, total: number): number {
  if (total <= 0) return 0;
  return done >= total ? 100 : Math.min(99, Math.max(0, Math.floor((100 * done) / total)));
}

/** `1 peer`, `2 peers`. */
export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function joinWords(words: readonly string[], { and } = ENGLISH): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} ${and} ${words.at(-1)}`;
}

/** The end of a peer id, which tells peers apart: they all begin alike. */
export function shortPeerId(peerId: string): string {
  return peerId.length > 8 ? `…${peerId.slice(-6)}` : peerId;
}

/** `14:03:09`, the reader's own clock. */
export function formatClock(timeMs: number): string {
  const date = new Date(timeMs);
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => part.toString().padStart(2, '0'))
    .join(':');
}

function scaleBytes(sizeBytes: number, { number }: Notation): { value: string; unit: (typeof BYTE_UNITS)[number] } {
  let value = Math.max(0, sizeBytes);
  let step = 0;
  // 999.5 would round up to 1000 of a unit whose thousand has a name of its own.
  while (value >= 999.5 && step < BYTE_UNITS.length - 1) {
    value /= 1000;
    step++;
  }
  const digits = step === 0 || value >= 99.95 ? 0 : 1;
  return { value: number(value, digits), unit: BYTE_UNITS[step]! };
}

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}
