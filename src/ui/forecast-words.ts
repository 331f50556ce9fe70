import type { ShelfModel } from '../app/app-model.ts';
import { formatBytes, formatTimeLeft } from '../core/format.ts';

/** `4 to 8 tokens/s`. */
export function speedWords([low, high]: readonly [number, number]): string {
  const digits = (value: number) => (value < 9.95 ? value.toFixed(1) : Math.round(value).toString());
  const [from, to] = [digits(low), digits(high)];
  return from === to ? `${to} tokens/s` : `${from} to ${to} tokens/s`;
}

/** What a model would be like on this device, in a sentence or two. */
export function fitWords({ forecasts = [], fewestDevices }: ShelfModel): string {
  const [alone] = forecasts;
  if (!alone) return '';
  if (alone.shortBytes === 0) {
    const fetched =
      alone.downloadSeconds === undefined ? '' : ` Fetched in about ${formatTimeLeft(alone.downloadSeconds)}.`;
    return `Runs on this device alone, at ${speedWords(alone.tokensPerSecond)}.${fetched}`;
  }
  const short = `Too large for this device alone, by ${formatBytes(alone.shortBytes)}.`;
  if (fewestDevices === undefined)
    return `${short} One shard of it is too large already: split it into more, or use devices with more room.`;
  const together = forecasts.find(({ devices }) => devices >= fewestDevices);
  const speed = together ? `, at ${speedWords(together.tokensPerSecond)}` : '';
  return `${short} ${fewestDevices} devices like it run it together${speed}: share the link.`;
}
