import * as core from '../core/format.ts';
import { words } from './words.ts';

/** The functions of `core/format.ts` as the page's reader writes numbers and lists. */

export function formatBytes(sizeBytes: number): string {
  return core.formatBytes(sizeBytes, words().notation);
}

export function formatBytesOf(doneBytes: number, totalBytes: number): string {
  return core.formatBytesOf(doneBytes, totalBytes, words().notation);
}

export function formatRate(bytesPerSecond: number): string {
  return core.formatRate(bytesPerSecond, words().notation);
}

export function formatMs(ms: number): string {
  return core.formatMs(ms, words().notation);
}

export function formatDuration(ms: number): string {
  return core.formatDuration(ms, words().notation);
}

export function joinWords(list: readonly string[]): string {
  return core.joinWords(list, words().notation);
}

/** `0.70`, `31.4`: so many digits behind the separator, no more and no less. */
export function formatNumber(value: number, digits: number): string {
  return words().notation.number(value, digits);
}

/** `8,192`, in groups of thousands. */
export function formatCount(value: number, maximumFractionDigits = 0): string {
  return value.toLocaleString(words().locale, { maximumFractionDigits });
}

/** A day as the reader's country writes it, where the browser says which. */
export function formatDay(timeMs: number): string {
  const { locale } = words();
  const own = navigator.languages.find((language) => language.split('-')[0] === locale && isLocale(language));
  return new Date(timeMs).toLocaleDateString(own ?? locale);
}

/** Chromium names the system's locale as it is, also `en-US@posix`, which it does not take itself. */
function isLocale(language: string): boolean {
  try {
    return Intl.getCanonicalLocales(language).length > 0;
  } catch {
    return false;
  }
}

/** `shard 2`, `shards 2 and 3`, within a sentence. */
export function shardNames(indices: readonly number[]): string {
  return words().shards(joinWords(indices.map(String)), indices.length);
}

/** The same words at the beginning of a sentence. */
export function atStart(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
