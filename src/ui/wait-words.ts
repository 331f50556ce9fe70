import type { ShardRow, Wait } from '../app/app-model.ts';
import { formatTimeLeft, percent } from '../core/format.ts';
import { formatLayers, type LayerRange } from '../core/ranges.ts';
import { joinWords, shardNames } from '../words/format.ts';
import { words } from '../words/words.ts';
import { isPending } from './status-words.ts';
import type { TabNames } from './tab-names.ts';

/** Why an answer waits, for people. */
export interface WaitWords {
  readonly text: string;
  /** The same without what counts up: said aloud once, not every second. */
  readonly spoken: string;
  /** Shards that nobody fetches: to invite for, or to join with here. */
  readonly wanted: readonly number[];
}

export function waitWords(wait: Wait, shards: readonly ShardRow[], names: TabNames): WaitWords {
  const said = words().wait;
  if (wait.reason === 'queue') {
    const spoken = said.queue(wait.place);
    return { text: said.about(spoken, formatTimeLeft(wait.seconds)), spoken: `${spoken}.`, wanted: [] };
  }
  const rows = shardsOf(wait.layers, shards);
  const layers = formatLayers(wait.layers);
  const soFar = said.soFar(formatTimeLeft(Math.round(wait.waitedMs / 1000)));
  const own = rows.filter(isPending);
  // What this tab has just begun to fetch it need not be told by the swarm.
  const peerIds =
    wait.peerIds.length === 0 && own.length > 0 && own.length === rows.length ? [names.self] : wait.peerIds;
  if (peerIds.length === 0) {
    const wanted = rows.map(({ index }) => index);
    const ask = said.ask(namesOf(wanted));
    const spoken = said.nobody(layers);
    return { text: `${spoken} (${soFar}): ${ask}`, spoken: `${spoken}: ${ask}`, wanted };
  }
  const who = joinWords(peerIds.map((peerId) => names.of(peerId)));
  const spoken = said.fetching(layers, who, peerIds.length, namesOf(rows.map(({ index }) => index)));
  const progress = peerIds.includes(names.self) && own.length > 0 ? `${ownPercent(own)} %, ` : '';
  return { text: `${spoken} (${progress}${soFar}).`, spoken: `${spoken}.`, wanted: [] };
}

/** The shards that hold any of the layers. */
function shardsOf(layers: LayerRange, shards: readonly ShardRow[]): ShardRow[] {
  return shards.filter((row) => row.layers.start < layers.end && layers.start < row.layers.end);
}

function namesOf(indices: readonly number[]): string | undefined {
  return indices.length === 0 ? undefined : shardNames(indices);
}

function ownPercent(rows: readonly ShardRow[]): number {
  const sum = (pick: (row: ShardRow) => number) => rows.reduce((total, row) => total + pick(row), 0);
  return percent(
    sum(({ storedBytes }) => storedBytes),
    sum(({ totalBytes }) => totalBytes),
  );
}
