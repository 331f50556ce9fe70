import { useSignal } from '@preact/signals';
import { shardNames } from '../../words/format.ts';
import { words } from '../../words/words.ts';
import { lazyComponent } from '../lazy-component.ts';
import { usePage } from '../page-state.ts';
import { isPending } from '../status-words.ts';

export const farewellNote = lazyComponent(async () => (await import('./later-parts.ts')).FarewellNote);

/** In, with the ticked shards or with what the swarm needs most; and out again. */
export function JoinControls() {
  if (usePage().model.admission.value !== 'guest') return <MemberControls />;
  return (
    <p class="muted" data-testid="guest-note">
      {words().join.guestNote}
    </p>
  );
}

function MemberControls() {
  const page = usePage();
  const { model } = page;
  const said = words().join;
  const { role } = model.swarm.value;
  const shards = model.shards.value;
  const inside = role === 'node';
  const idle = shards.filter((shard) => !inside || (shard.state !== 'ready' && !isPending(shard)));
  const picks = idle.map(({ index }) => index).filter((index) => page.picks.value.has(index));
  const leaving = model.leaving.value;
  const choosing = model.choosing.value && picks.length === 0;
  const canJoin = model.environment.value.secureContext && idle.length > 0 && !leaving && !choosing;
  const asked = useSignal(false);
  const Farewell = farewellNote.component.value;
  const { waiting } = model.farewell.value;
  const leave = () =>
    page.perform(async () => {
      const loses = (await model.whatOthersLose()).shards.length > 0;
      if (loses) await farewellNote.load();
      if (loses && farewellNote.component.value) asked.value = true;
      else await model.leave();
    });
  const join = () => {
    page.join(picks.length > 0 ? picks : 'auto');
    page.picks.value = new Set();
  };
  return (
    <div class="join-controls">
      <div class="buttons">
        {(!inside || idle.length > 0) && (
          <button type="button" data-testid="join" class={inside ? '' : 'strong'} disabled={!canJoin} onClick={join}>
            {choosing ? said.choosing : joinLabel(inside, picks)}
          </button>
        )}
        {page.phase.value === 'chat' || inside || page.joining.value ? <RunAllButton /> : null}
        {inside && (
          <button type="button" data-testid="leave" disabled={leaving || asked.value || waiting} onClick={leave}>
            {leaving ? said.leaving : said.leave}
          </button>
        )}
      </div>
      {Farewell && (asked.value || waiting) && !leaving && (
        <Farewell
          onEnd={() => {
            asked.value = false;
          }}
        />
      )}
      {leaving && <p class="muted">{said.leavingNote}</p>}
      {picks.length === 0 && canJoin && <p class="muted">{said.tickNote}</p>}
    </div>
  );
}

/** The whole model in this tab, with one click. */
export function RunAllButton({ primary = false }: { primary?: boolean }) {
  const page = usePage();
  const { model } = page;
  if (model.admission.value === 'guest') return null;
  const here = model.shards.value.every((shard) => shard.state === 'ready' || isPending(shard));
  if (model.swarm.value.role === 'node' && here) return null;
  return (
    <button
      type="button"
      data-testid="run-all"
      class={primary ? 'primary large' : ''}
      disabled={model.leaving.value}
      onClick={() => page.join('all')}
    >
      {words().join.runAll}
    </button>
  );
}

function joinLabel(inside: boolean, picks: readonly number[]): string {
  const { add, addAuto, join, joinAuto } = words().join;
  if (picks.length === 0) return inside ? addAuto : joinAuto;
  return (inside ? add : join)(shardNames(picks));
}
