import type { ShardRow } from '../app/app-model.ts';
import { joinWords } from '../words/format.ts';
import { words } from '../words/words.ts';

/** Where a shard's bytes come from, as a fact beside others: `from other tabs and the server`. */
export function sourceFacts({ sources, hub, state }: Pick<ShardRow, 'sources' | 'hub' | 'state'>): string[] {
  const { shard } = words();
  if (sources.includes('sibling')) return [shard.bySibling];
  const names = sources.flatMap((source) => {
    if (source === 'sibling') return [];
    return source === 'hub' ? (hub ? [hub.host] : []) : [shard.sources[source]];
  });
  if (names.length > 0) return [shard.from(joinWords(names))];
  return state === 'downloading' ? [shard.noSource] : [];
}
