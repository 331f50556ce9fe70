import type { Forecast, JoinForecast, ShelfModel } from '../app/app-model.ts';
import { formatTimeLeft } from '../core/format.ts';
import { formatBytes, formatCount, formatNumber } from '../words/format.ts';
import { laterWords } from '../words/later-words.ts';
import { words } from '../words/words.ts';

/** `4 to 8 tokens/s`. */
export function speedWords([low, high]: readonly [number, number]): string {
  const digits = (value: number) => (value < 9.95 ? formatNumber(value, 1) : formatCount(value));
  const [from, to] = [digits(low), digits(high)];
  return from === to ? words().tokensPerSecond(to) : laterWords().models.speeds(from, to);
}

/** What a model would be like on this device, in a sentence or two. */
export function fitWords({ forecasts = [], fewestDevices }: ShelfModel): string {
  const { models } = laterWords();
  const [alone] = forecasts;
  if (!alone) return '';
  if (alone.shortBytes === 0) {
    const runs = models.runsAlone(speedWords(alone.tokensPerSecond));
    const { downloadSeconds } = alone;
    return downloadSeconds === undefined ? runs : `${runs} ${models.fetchedIn(formatTimeLeft(downloadSeconds))}`;
  }
  const short = models.tooLarge(formatBytes(alone.shortBytes));
  if (fewestDevices === undefined) return `${short} ${models.shardTooLarge}`;
  const together = forecasts.find(({ devices }) => devices >= fewestDevices);
  return `${short} ${models.together(fewestDevices, together && speedWords(together.tokensPerSecond))}`;
}

/** What joining would be like: now, what would close a gap, and with two more such devices. */
export function joinWordsOf({ now, later, fewestDevices }: JoinForecast): string[] {
  const { models, forecast } = laterWords();
  const lines = [forecast.now(now.devices, partWords(now))];
  if (now.shortBytes > 0) {
    const enough = fewestDevices === undefined ? models.shardTooLarge : forecast.enough(fewestDevices);
    lines.push(enough);
  }
  lines.push(later ? forecast.later(partWords(later)) : forecast.spare);
  if (Math.max(now.devices, later?.devices ?? 0) > 1) lines.push(forecast.alike);
  return lines;
}

/** Whether it fits, how fast it is, and what each device fetches. */
function partWords({ devices, shortBytes, deviceBytes, tokensPerSecond, downloadSeconds }: Forecast): string {
  const { forecast } = laterWords();
  if (shortBytes > 0) return forecast.short(devices === 1, formatBytes(shortBytes));
  const time = downloadSeconds === undefined ? undefined : formatTimeLeft(downloadSeconds);
  return forecast.fits(speedWords(tokensPerSecond), devices === 1, formatBytes(deviceBytes), time);
}
