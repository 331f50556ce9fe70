import { words } from '../../words/words.ts';
import { usePage } from '../page-state.ts';
import { ShardItem } from './shard-item.tsx';

/** The model's shards, like the files of a torrent client. */
export function ShardList() {
  const shards = usePage().model.shards.value;
  if (shards.length === 0) return <p class="muted">{words().shard.fromServer}</p>;
  return (
    <ul class="shard-list">
      {shards.map((shard) => (
        <ShardItem key={shard.index} shard={shard} />
      ))}
    </ul>
  );
}
