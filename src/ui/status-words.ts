import { formatLayers, type LayerRange } from '../core/ranges.ts';
import type { Environment, ShardRow, SwarmSummary } from './app-model.ts';
import { formatBytesOf, formatTimeLeft, joinWords, percent } from './format.ts';

/** The state of the swarm in a sentence or two. */
export function swarmWords(swarm: SwarmSummary, shards: readonly ShardRow[], environment: Environment): string {
  if (swarm.state === 'ready') return 'Every layer is covered: type a prompt.';
  if (!environment.secureContext) return 'This tab cannot join from an insecure address.';
  if (swarm.state === 'connecting') return 'Connecting to the swarm…';
  if (swarm.state === 'offline') {
    return 'The server cannot be reached. This tab keeps trying; what it has loaded stays loaded.';
  }
  if (swarm.missing.length === shards.length) return 'Nobody runs this model yet.';
  return missingWords(swarm.missing, shards);
}

/** `Shards 2 and 3 are missing (layers 16-29): nobody runs them yet.` */
export function missingWords(missing: readonly number[], shards: readonly ShardRow[]): string {
  const rows = shards.filter(({ index }) => missing.includes(index));
  const layers = mergeRanges(rows.map((row) => row.layers)).map(formatLayers);
  const one = rows.length === 1;
  const names = joinWords(rows.map(({ index }) => String(index)));
  return `${one ? 'Shard' : 'Shards'} ${names} ${one ? 'is' : 'are'} missing (layers ${joinWords(layers)}): nobody runs ${one ? 'it' : 'them'} yet.`;
}

/** Why a prompt cannot be sent now; undefined when it can. */
export function whyNotReady(
  swarm: SwarmSummary,
  shards: readonly ShardRow[],
  environment: Environment,
): string | undefined {
  if (swarm.state === 'ready') return undefined;
  const pending = shards.filter(isPending);
  if (swarm.state === 'waiting' && pending.length > 0 && swarm.missing.every((index) => isPending(shards[index]))) {
    return 'Ready as soon as this tab has loaded its part.';
  }
  return swarmWords(swarm, shards, environment);
}

/** What this tab fetches and loads, all in one: `Fetching 2 shards: 41 of 98.4 MB, 12 s left`. */
export function ownProgress(shards: readonly ShardRow[]): { words: string; percent: number } | undefined {
  const pending = shards.filter(isPending);
  if (pending.length === 0) return undefined;
  const names = `${pending.length === 1 ? 'shard' : 'shards'} ${joinWords(pending.map(({ index }) => String(index)))}`;
  const total = sum(pending, ({ totalBytes }) => totalBytes);
  if (pending.some(({ state }) => state === 'downloading')) {
    const stored = sum(pending, ({ storedBytes }) => storedBytes);
    const left = Math.max(...pending.map(({ secondsLeft }) => secondsLeft ?? 0));
    const time = left > 0 ? `, ${formatTimeLeft(left)} left` : '';
    return { words: `Fetching ${names}: ${formatBytesOf(stored, total)}${time}`, percent: percent(stored, total) };
  }
  const loaded = sum(pending, ({ loadedBytes }) => loadedBytes);
  if (loaded === 0) return { words: `Checking the hash of ${names}`, percent: 0 };
  return { words: `Loading ${names} onto the GPU: ${formatBytesOf(loaded, total)}`, percent: percent(loaded, total) };
}

/** Whether this tab works on the shard. */
export function isPending(row: ShardRow | undefined): boolean {
  return row?.state === 'downloading' || row?.state === 'verifying' || row?.state === 'loading';
}

/** Neighbouring ranges joined: `[16, 23)` and `[23, 30)` are `[16, 30)`. */
function mergeRanges(ranges: readonly LayerRange[]): LayerRange[] {
  const merged: LayerRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last && last.end >= range.start) merged[merged.length - 1] = { start: last.start, end: range.end };
    else merged.push(range);
  }
  return merged;
}

function sum(rows: readonly ShardRow[], pick: (row: ShardRow) => number): number {
  return rows.reduce((total, row) => total + pick(row), 0);
}
