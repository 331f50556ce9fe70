import type { Environment, FollowedRoom, MemberRow, ShardRow, SwarmSummary } from '../app/app-model.ts';
import { formatBytesOf, formatTimeLeft, joinWords, percent } from '../core/format.ts';
import { formatLayers, mergeRanges } from '../core/ranges.ts';

/** What the words are made from. */
export interface Situation {
  readonly swarm: SwarmSummary;
  readonly shards: readonly ShardRow[];
  readonly members: readonly MemberRow[];
  readonly environment: Environment;
}

/** The state of the swarm in a sentence or two. */
export function swarmWords(situation: Situation): string {
  const { swarm, shards, environment } = situation;
  if (swarm.state === 'ready') return 'Every layer is covered: type a prompt.';
  if (!environment.secureContext) return 'This tab cannot join from an insecure address.';
  if (swarm.state === 'connecting') return 'Connecting to the swarm…';
  if (swarm.state === 'offline') {
    return 'The server cannot be reached. This tab keeps trying; what it has loaded stays loaded.';
  }
  const { missing, coming } = splitGaps(situation);
  const heard = swarm.othersKnown;
  if (missing.length === 0)
    return `${shardNames(coming)} ${areOrIs(coming)} being loaded; then every layer is covered.`;
  if (missing.length < shards.length) {
    const layers = mergeRanges(shards.filter(({ index }) => missing.includes(index)).map((row) => row.layers));
    const where = joinWords(layers.map(formatLayers));
    const them = missing.length === 1 ? 'it' : 'them';
    return heard
      ? `${shardNames(missing)} ${areOrIs(missing)} missing (layers ${where}): nobody runs ${them} yet.`
      : `${shardNames(missing)} (layers ${where}): nobody has said so far that they run ${them}.`;
  }
  // About as long as what it becomes: nothing below it moves.
  if (!heard) return 'Listening for other tabs. So far nobody has said that they run this model.';
  return 'Nobody runs this model yet: run it all here, or take a shard and invite others.';
}

/** What keeps an answer from beginning at once. */
export interface Hindrance {
  readonly words: string;
  /** Whether it keeps a prompt from being sent at all. */
  readonly blocks: boolean;
}

/** Undefined when nothing does. A prompt may be sent while shards load, and is answered then. */
export function hindrance(situation: Situation): Hindrance | undefined {
  const { swarm, shards } = situation;
  if (swarm.state === 'ready') return undefined;
  if (swarm.state !== 'waiting') return { words: swarmWords(situation), blocks: true };
  const { missing, coming } = splitGaps(situation);
  if (missing.length === 0) {
    const words = `Answered as soon as ${shardNames(coming).toLowerCase()} ${areOrIs(coming)} loaded.`;
    return { words, blocks: false };
  }
  const listening = swarm.othersKnown ? undefined : 'Listening for other tabs.';
  if (missing.length === shards.length) return { words: listening ?? 'Nobody runs this model yet.', blocks: true };
  const lacking = `${shardNames(missing)} ${areOrIs(missing)} missing`;
  const them = missing.length === 1 ? 'it' : 'them';
  // A node takes what its own answer needs.
  return swarm.role === 'node'
    ? { words: `${lacking}: this tab fetches ${them} when you ask.`, blocks: false }
    : { words: listening ?? `${lacking}.`, blocks: true };
}

/** In another tab's room. */
export function roomHindrance({ state }: FollowedRoom, busy: boolean): Hindrance | undefined {
  if (state.value !== 'open') return { words: 'Nothing can be asked in this room now.', blocks: true };
  return busy ? { words: 'This room is answering.', blocks: true } : undefined;
}

/** The shards that nobody runs: those that some tab is fetching, and those that none has taken. */
function splitGaps({ swarm, shards, members }: Situation): { missing: number[]; coming: number[] } {
  const isComing = (index: number) =>
    shards.some((row) => row.index === index && isPending(row)) ||
    members.some(({ pending }) => pending.includes(index));
  return {
    missing: swarm.missing.filter((index) => !isComing(index)),
    coming: swarm.missing.filter(isComing),
  };
}

/** `Shard 2`, `Shards 2 and 3` */
export function shardNames(indices: readonly number[]): string {
  return `${indices.length === 1 ? 'Shard' : 'Shards'} ${joinWords(indices.map(String))}`;
}

function areOrIs(indices: readonly number[]): string {
  return indices.length === 1 ? 'is' : 'are';
}

/** What this tab fetches, loads and runs, all in one: `Fetching 2 shards: 41 of 98.4 MB, 12 s left`. */
export function ownProgress({
  shards,
  environment,
}: Pick<Situation, 'shards' | 'environment'>): { words: string; percent: number } | undefined {
  const pending = shards.filter(isPending);
  if (pending.length === 0) {
    // It stays when all is done: what stands below does not jump up.
    const ready = shards.filter(({ state }) => state === 'ready').map(({ index }) => index);
    if (ready.length === 0) return undefined;
    return { words: `This tab runs ${shardNames(ready).toLowerCase()}.`, percent: 100 };
  }
  const names = shardNames(pending.map(({ index }) => index)).toLowerCase();
  const total = sum(pending, ({ totalBytes }) => totalBytes);
  if (pending.some(({ state }) => state === 'downloading')) {
    const stored = sum(pending, ({ storedBytes }) => storedBytes);
    // All share one way in: what is left of all comes at the rate of all.
    const rate = sum(pending, ({ downBytesPerSecond }) => downBytesPerSecond);
    const time = rate > 0 && stored < total ? `, ${formatTimeLeft((total - stored) / rate)} left` : '';
    return { words: `Fetching ${names}: ${formatBytesOf(stored, total)}${time}`, percent: percent(stored, total) };
  }
  const loaded = sum(pending, ({ loadedBytes }) => loadedBytes);
  if (loaded === 0) return { words: `Checking the hash of ${names}`, percent: 0 };
  const where = environment.runner?.kind === 'webgpu' ? 'onto the GPU' : 'into memory';
  return { words: `Loading ${names} ${where}: ${formatBytesOf(loaded, total)}`, percent: percent(loaded, total) };
}

/** Whether this tab works on the shard. */
export function isPending(row: ShardRow | undefined): boolean {
  return row?.state === 'downloading' || row?.state === 'verifying' || row?.state === 'loading';
}

function sum(rows: readonly ShardRow[], pick: (row: ShardRow) => number): number {
  return rows.reduce((total, row) => total + pick(row), 0);
}
