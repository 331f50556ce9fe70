import { formatLayers } from '../../core/ranges.ts';
import type { ShardRow } from '../app-model.ts';
import { formatBytes, formatBytesOf, formatRate, formatTimeLeft, percent, plural } from '../format.ts';
import { usePage } from '../page-state.ts';
import { isPending } from '../status-words.ts';
import { ProgressBar } from './progress-bar.tsx';

/** One shard: what it holds, how far it is, how fast it moves, and who runs it. */
export function ShardItem({ shard }: { shard: ShardRow }) {
  const { index, layers, state, error } = shard;
  return (
    <li class="shard" data-testid={`shard-${index}`} data-state={state}>
      <div class="shard-head">
        <Pick shard={shard} />
        <span class="shard-layers">layers {formatLayers(layers)}</span>
        <span class="shard-parts">{partsOf(shard)}</span>
        <span class="shard-state">{stateWords(shard)}</span>
      </div>
      <ProgressBar label={`Shard ${index}`} percent={progressOf(shard)} />
      <ul class="shard-facts">
        {facts(shard).map((fact) => (
          <li key={fact}>{fact}</li>
        ))}
        {shard.verified && <li class="good">hash verified ✓</li>}
        <li class={shard.holders > 0 ? '' : 'warn'}>
          {shard.holders > 0 ? `run by ${plural(shard.holders, 'tab')}` : 'run by nobody'}
        </li>
      </ul>
      {error && <p class="shard-error">{error}</p>}
    </li>
  );
}

function Pick({ shard: { index, state } }: { shard: ShardRow }) {
  const page = usePage();
  const held = page.model.swarm.value.role === 'node' && state !== 'absent' && state !== 'error';
  return (
    <label class="shard-pick">
      <input
        type="checkbox"
        data-testid={`shard-${index}-pick`}
        checked={held || page.picks.value.has(index)}
        disabled={held}
        onChange={({ currentTarget }) => page.pick(index, currentTarget.checked)}
      />
      Shard {index}
    </label>
  );
}

function partsOf({ hasEmbedding, hasOutput }: ShardRow): string {
  return [hasEmbedding && '+ embedding', hasOutput && '+ output'].filter(Boolean).join(' ');
}

function stateWords(shard: ShardRow): string {
  const done = `${progressOf(shard)} %`;
  switch (shard.state) {
    case 'downloading':
      return `downloading ${done}`;
    case 'verifying':
      return 'verifying';
    case 'loading':
      return `loading ${done}`;
    case 'ready':
      return 'ready';
    case 'error':
      return 'failed';
    case 'absent':
      if (shard.storedBytes < shard.totalBytes) return shard.storedBytes > 0 ? `stored ${done}` : 'not here';
      return shard.seeding ? 'stored, shared' : 'stored';
  }
}

function progressOf({ state, loadedBytes, storedBytes, totalBytes }: ShardRow): number {
  if (state === 'ready') return 100;
  return percent(state === 'loading' ? loadedBytes : storedBytes, totalBytes);
}

function facts(shard: ShardRow): string[] {
  const { storedBytes, totalBytes, downBytesPerSecond, upBytesPerSecond, sentBytes, peers, secondsLeft } = shard;
  const whole = storedBytes >= totalBytes || shard.state === 'ready';
  const list = [whole ? formatBytes(totalBytes) : formatBytesOf(storedBytes, totalBytes)];
  const downloading = shard.state === 'downloading';
  if (downloading || downBytesPerSecond >= 1) list.push(`↓ ${formatRate(downBytesPerSecond)}`);
  if (downloading || shard.seeding || upBytesPerSecond >= 1) list.push(`↑ ${formatRate(upBytesPerSecond)}`);
  if (sentBytes > 0) list.push(`${formatBytes(sentBytes)} sent`);
  if (downloading || shard.seeding) list.push(plural(peers, 'peer'));
  if (isPending(shard) && secondsLeft !== undefined) list.push(`${formatTimeLeft(secondsLeft)} left`);
  return list;
}
