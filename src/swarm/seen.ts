import { formatLayers, type LayerRange } from '../core/ranges.ts';
import { shortId } from '../core/short-id.ts';

/** What a check that passed has seen: for people in their language, and by `seenText` in the log's. */
export type Seen =
  | { readonly kind: 'nodes'; readonly count: number }
  | {
      readonly kind: 'capabilities';
      readonly shards: readonly number[];
      readonly runner: string;
      readonly adapter: string;
    }
  /** Shards that a node seeds, of all that there are. */
  | { readonly kind: 'files'; readonly names: readonly string[]; readonly all: number }
  | { readonly kind: 'served'; readonly by: readonly string[] }
  | { readonly kind: 'registered'; readonly file: string; readonly hash: string; readonly holders: number }
  /** A prompt was answered; its last lap took so long. */
  | { readonly kind: 'answered'; readonly text: string; readonly lapMs: number }
  | {
      readonly kind: 'computed';
      readonly layers: LayerRange;
      readonly at: string;
      readonly computeMs: number;
      readonly wireMs: number;
      readonly waitMs: number;
    }
  | { readonly kind: 'copies'; readonly prompts: number; readonly nodes: number }
  | { readonly kind: 'logged'; readonly lines: number };

/** @param nameOf - a node by its peer id */
export function seenText(seen: Seen, nameOf: (peerId: string) => string = shortId): string {
  switch (seen.kind) {
    case 'nodes':
      return `${seen.count} in the swarm`;
    case 'capabilities':
      return `shard_loaded, shards ${seen.shards.join(', ')}, ${seen.runner} on ${seen.adapter}`;
    case 'files':
      return `${seen.names.length} of ${seen.all} files: ${seen.names.join(', ')}`;
    case 'served':
      return `by ${seen.by.map(nameOf).join(', ')}`;
    case 'registered':
      return `${seen.file}, hash ${seen.hash}, ${seen.holders} holder(s)`;
    case 'answered':
      return `“${seen.text}”, last lap ${seen.lapMs.toFixed(0)} ms`;
    case 'computed': {
      const times = `${seen.computeMs.toFixed(1)} ms compute, ${seen.wireMs.toFixed(1)} ms wire, ${seen.waitMs.toFixed(1)} ms wait`;
      return `layers ${formatLayers(seen.layers)} at ${nameOf(seen.at)}: ${times}`;
    }
    case 'copies':
      return `${seen.prompts} prompts went through all of ${seen.nodes} nodes`;
    case 'logged':
      return `${seen.lines} expected lines found`;
  }
}
