import type { Admission, Environment, FollowedRoom, MemberRow, ShardRow, SwarmSummary } from '../app/app-model.ts';
import { formatTimeLeft, percent } from '../core/format.ts';
import { formatLayers, mergeRanges } from '../core/ranges.ts';
import { atStart, formatBytesOf, joinWords, shardNames } from '../words/format.ts';
import { words } from '../words/words.ts';

/** What the words are made from. */
export interface Situation {
  readonly swarm: SwarmSummary;
  readonly shards: readonly ShardRow[];
  readonly members: readonly MemberRow[];
  readonly environment: Environment;
  readonly admission: Admission;
}

/** The state of the swarm in a sentence or two. */
export function swarmWords(situation: Situation): string {
  const { swarm, shards, environment } = situation;
  const { status } = words();
  if (swarm.state === 'ready') return status.ready;
  if (!environment.secureContext) return status.insecure;
  if (swarm.state === 'connecting') return status.connecting;
  if (swarm.state === 'offline') return status.offline;
  const { missing, coming } = splitGaps(situation);
  const heard = swarm.othersKnown;
  if (missing.length === 0) return status.coming(atStart(shardNames(coming)), coming.length);
  if (missing.length < shards.length) {
    const layers = mergeRanges(shards.filter(({ index }) => missing.includes(index)).map((row) => row.layers));
    const where = joinWords(layers.map(formatLayers));
    return (heard ? status.missing : status.unheard)(atStart(shardNames(missing)), missing.length, where);
  }
  if (heard && situation.admission === 'guest') return status.nobodyForGuests;
  // About as long as what it becomes: nothing below it moves.
  return heard ? status.nobodyAtAll : status.listeningForAll;
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
  const { status } = words();
  const { missing, coming } = splitGaps(situation);
  if (missing.length === 0) {
    return { words: status.answeredWhen(shardNames(coming), coming.length), blocks: false };
  }
  const listening = swarm.othersKnown ? undefined : status.listening;
  if (missing.length === shards.length) return { words: listening ?? status.nobody, blocks: true };
  const paused = shards.filter((row) => missing.includes(row.index) && isPaused(row)).map(({ index }) => index);
  if (paused.length > 0) return { words: status.pausedHere(atStart(shardNames(paused)), paused.length), blocks: true };
  const names = atStart(shardNames(missing));
  // A node takes what its own answer needs.
  return swarm.role === 'node'
    ? { words: status.fetchedWhenAsked(names, missing.length), blocks: false }
    : { words: listening ?? status.lacking(names, missing.length), blocks: true };
}

/** In another tab's room. */
export function roomHindrance({ state }: FollowedRoom, busy: boolean): Hindrance | undefined {
  const { status } = words();
  if (state.value !== 'open') return { words: status.roomShut, blocks: true };
  return busy ? { words: status.roomAnswers, blocks: true } : undefined;
}

/** The shards that nobody runs: those that some tab is fetching, and those that none has taken. */
function splitGaps({ swarm, shards, members }: Situation): { missing: number[]; coming: number[] } {
  const isComing = (index: number) =>
    shards.some((row) => row.index === index && isPending(row) && !isPaused(row)) ||
    members.some(({ pending }) => pending.includes(index));
  return {
    missing: swarm.missing.filter((index) => !isComing(index)),
    coming: swarm.missing.filter(isComing),
  };
}

/** What this tab fetches, loads and runs, all in one: `Fetching 2 shards: 41 of 98.4 MB, 12 s left`. */
export function ownProgress({
  shards,
  environment,
}: Pick<Situation, 'shards' | 'environment'>): { words: string; percent: number } | undefined {
  const { status } = words();
  const pending = shards.filter((row) => isPending(row) && !isPaused(row));
  if (pending.length === 0) {
    // It stays when all is done: what stands below does not jump up.
    const ready = shards.filter(({ state }) => state === 'ready').map(({ index }) => index);
    if (ready.length === 0) return undefined;
    return { words: status.runs(shardNames(ready)), percent: 100 };
  }
  const names = shardNames(pending.map(({ index }) => index));
  const total = sum(pending, ({ totalBytes }) => totalBytes);
  if (pending.some(({ state }) => state === 'downloading')) {
    const stored = sum(pending, ({ storedBytes }) => storedBytes);
    // All share one way in: what is left of all comes at the rate of all.
    const rate = sum(pending, ({ downBytesPerSecond }) => downBytesPerSecond);
    const time = rate > 0 && stored < total ? formatTimeLeft((total - stored) / rate) : undefined;
    return { words: status.fetching(names, formatBytesOf(stored, total), time), percent: percent(stored, total) };
  }
  const loaded = sum(pending, ({ loadedBytes }) => loadedBytes);
  if (loaded === 0) return { words: status.checking(names), percent: 0 };
  const onGpu = environment.runner?.kind === 'webgpu';
  return { words: status.loading(names, onGpu, formatBytesOf(loaded, total)), percent: percent(loaded, total) };
}

/** Whether this tab works on the shard. */
export function isPending(row: ShardRow | undefined): boolean {
  return row?.state === 'downloading' || row?.state === 'verifying' || row?.state === 'loading';
}

/** Whether its download stands still until its owner goes on with it. */
function isPaused({ state, wish }: ShardRow): boolean {
  return state === 'downloading' && wish.paused;
}

function sum(rows: readonly ShardRow[], pick: (row: ShardRow) => number): number {
  return rows.reduce((total, row) => total + pick(row), 0);
}
