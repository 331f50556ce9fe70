import { type Signal, useSignal } from '@preact/signals';
import type { ShardRow, SwarmSummary } from '../../app/app-model.ts';
import { formatTimeLeft, percent } from '../../core/format.ts';
import { formatLayers } from '../../core/ranges.ts';
import { formatBytes, formatBytesOf, formatRate } from '../../words/format.ts';
import { words } from '../../words/words.ts';
import { lazyComponent } from '../lazy-component.ts';
import { usePage } from '../page-state.ts';
import { sourceFacts } from '../source-words.ts';
import { isPending } from '../status-words.ts';
import { ErrorText } from './error-text.tsx';
import { ProgressBar } from './progress-bar.tsx';

/** What peers ask for at a time; less than one is only talk, and not worth a line. */
const BLOCK_BYTES = 16 * 1024;

export const shardDetails = lazyComponent(async () => (await import('./later-parts.ts')).ShardDetails);

/** One shard: what it holds, how far it is, how fast it moves, and who runs it. */
export function ShardItem({ shard }: { shard: ShardRow }) {
  const { index, layers, state, error, errorCode } = shard;
  const open = useSignal(false);
  const Details = shardDetails.component.value;
  const shown = hasDetails(shard);
  return (
    <li class="shard" data-testid={`shard-${index}`} data-state={state}>
      <div class="shard-head">
        <Pick shard={shard} />
        <span class="shard-layers">{words().shard.layers(formatLayers(layers))}</span>
        <State shard={shard} />
      </div>
      <ProgressBar label={words().shard.one(index)} percent={progressOf(shard)} />
      <ul class="shard-facts">
        {facts(shard).map((fact) => (
          <li key={fact}>{fact}</li>
        ))}
        {state === 'absent' && <Standing shard={shard} />}
      </ul>
      {/* Apart: what changes several times a second would push it about. */}
      <div class="shard-foot">
        {state !== 'absent' && (
          <ul class="shard-standing">
            <Standing shard={shard} />
          </ul>
        )}
        {shown && <AboutButton open={open} index={index} />}
      </div>
      {shown && open.value && Details && <Details shard={shard} />}
      {error && (
        <p class="shard-error">
          <ErrorText code={errorCode} detail={error} />
        </p>
      )}
    </li>
  );
}

/** Whether there is anything that a torrent client would show. */
function hasDetails(shard: ShardRow): boolean {
  return shard.state !== 'absent' || shard.storedBytes > 0 || shard.wish.paused || shared(shard);
}

/** Opens and folds the details. */
function AboutButton({ open, index }: { open: Signal<boolean>; index: number }) {
  const said = words().shard;
  return (
    <button
      type="button"
      class="shard-about"
      data-testid={`shard-${index}-about`}
      aria-expanded={open.value}
      aria-label={`${said.about}: ${said.one(index)}`}
      onClick={() => {
        open.value = !open.value;
        void shardDetails.load();
      }}
    >
      {said.about}
    </button>
  );
}

/** What is true of it for long. */
function Standing({ shard }: { shard: ShardRow }) {
  return (
    <>
      {shard.verified && <li class="good">{words().shard.verified}</li>}
      <Holders shard={shard} />
    </>
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
        disabled={held || page.model.admission.value === 'guest'}
        onChange={({ currentTarget }) => page.pick(index, currentTarget.checked)}
      />
      {words().shard.one(index)}
    </label>
  );
}

function Holders({ shard }: { shard: ShardRow }) {
  const { model } = usePage();
  const said = words().shard;
  if (shard.holders > 0) return <li>{said.runBy(shard.holders)}</li>;
  if (isPending(shard)) return null;
  // Where all are missing, the state of the swarm says so once.
  const { missing, othersKnown } = model.swarm.value;
  if (!othersKnown) return <li>{said.runByUnknown}</li>;
  const gap = missing.length < model.shards.value.length;
  return <li class={gap ? 'warn' : ''}>{said.runByNobody}</li>;
}

function State({ shard }: { shard: ShardRow }) {
  const { role } = usePage().model.swarm.value;
  const done = progressOf(shard);
  return (
    <span class="shard-state">
      {stateWords(shard, role)}
      {isPending(shard) && done > 0 && done < 100 && ` · ${done} %`}
    </span>
  );
}

function stateWords(shard: ShardRow, role: SwarmSummary['role']): string {
  const { states } = words().shard;
  if (held(shard)) return shard.wish.paused ? states.paused : states.waits;
  if (shard.state !== 'absent') return states[shard.state];
  // A guest shares nothing: it needs the beginning of the first shard for its prompts.
  if (shared(shard)) return role === 'guest' ? states.tokenizer : states.sharing;
  if (shard.storedBytes < shard.totalBytes) return shard.storedBytes > 0 ? states.partly : states.absent;
  return shard.seeding ? states.shared : states.stored;
}

/** Whether its download stands still, as its owner wants. */
function held({ state, storedBytes, totalBytes, wish, waits }: ShardRow): boolean {
  return (state === 'downloading' || state === 'absent') && storedBytes < totalBytes && (wish.paused || waits);
}

/** Whether it comes, though this tab does not run it. */
function shared({ state, storedBytes, totalBytes, downBytesPerSecond }: ShardRow): boolean {
  return state === 'absent' && storedBytes < totalBytes && downBytesPerSecond >= 1;
}

function progressOf({ state, loadedBytes, storedBytes, totalBytes }: ShardRow): number {
  if (state === 'ready') return 100;
  return percent(state === 'loading' ? loadedBytes : storedBytes, totalBytes);
}

function partsOf({ hasEmbedding, hasOutput }: ShardRow): string {
  if (!hasEmbedding && !hasOutput) return '';
  const { withBoth, withEmbedding, withOutput } = words().shard;
  return ` ${hasEmbedding && hasOutput ? withBoth : hasEmbedding ? withEmbedding : withOutput}`;
}

function facts(shard: ShardRow): string[] {
  const { storedBytes, totalBytes, downBytesPerSecond, upBytesPerSecond, sentBytes, peers, secondsLeft } = shard;
  const said = words().shard;
  const whole = storedBytes >= totalBytes || shard.state === 'ready';
  const list = [`${whole ? formatBytes(totalBytes) : formatBytesOf(storedBytes, totalBytes)}${partsOf(shard)}`];
  const downloading = shard.state === 'downloading';
  if (downBytesPerSecond >= 1 && !held(shard)) list.push(said.down(formatRate(downBytesPerSecond)));
  if (downloading || shard.seeding || upBytesPerSecond >= 1) list.push(said.up(formatRate(upBytesPerSecond)));
  if (sentBytes >= BLOCK_BYTES) list.push(said.sent(formatBytes(sentBytes)));
  if (downloading || shard.seeding) list.push(said.peers(peers));
  if (!held(shard) && (isPending(shard) || shared(shard))) list.push(...sourceFacts(shard));
  if (!held(shard) && isPending(shard) && secondsLeft !== undefined) list.push(said.left(formatTimeLeft(secondsLeft)));
  return list;
}
