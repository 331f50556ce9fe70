import type { ShardRow, ShardSource } from '../app/app-model.ts';
import { joinWords } from '../core/format.ts';

const WORDS: Readonly<Record<Exclude<ShardSource, 'sibling'>, string>> = {
  tabs: 'other tabs',
  server: 'the server',
  storage: "this browser's storage",
};

/** Where a shard's bytes come from, as a fact beside others: `from other tabs and the server`. */
export function sourceFacts({ sources, state }: Pick<ShardRow, 'sources' | 'state'>): string[] {
  if (sources.includes('sibling')) return ['fetched by another tab of this browser'];
  const names = sources.flatMap((source) => (source === 'sibling' ? [] : [WORDS[source]]));
  if (names.length > 0) return [`from ${joinWords(names)}`];
  return state === 'downloading' ? ['no source yet'] : [];
}
