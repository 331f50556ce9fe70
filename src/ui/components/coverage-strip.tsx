import type { ShardRow } from '../../app/app-model.ts';
import { isPending } from '../status-words.ts';

/** All layers in a row, one segment a shard: covered, on its way, or missing. The words beside it say the same. */
export function CoverageStrip({ shards }: { shards: readonly ShardRow[] }) {
  return (
    <div class="coverage" aria-hidden="true">
      {shards.map((shard) => (
        <div
          key={shard.index}
          class="coverage-segment"
          data-coverage={shard.holders > 0 ? 'covered' : isPending(shard) ? 'pending' : 'missing'}
          style={{ flexGrow: shard.layers.end - shard.layers.start }}
        >
          <span>{shard.layers.start}</span>
          <span>{shard.layers.end - 1}</span>
        </div>
      ))}
    </div>
  );
}
