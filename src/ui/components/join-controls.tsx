import { useSignal } from '@preact/signals';
import { joinWords } from '../../core/format.ts';
import { usePage } from '../page-state.ts';
import { isPending } from '../status-words.ts';
import { FarewellNote } from './farewell-note.tsx';

/** In, with the ticked shards or with what the swarm needs most; and out again. */
export function JoinControls() {
  if (usePage().model.admission.value !== 'guest') return <MemberControls />;
  return (
    <p class="muted" data-testid="guest-note">
      You are a guest here: the tabs of this swarm answer what you type, and run none of their layers in yours.
    </p>
  );
}

function MemberControls() {
  const page = usePage();
  const { model } = page;
  const { role } = model.swarm.value;
  const shards = model.shards.value;
  const inside = role === 'node';
  const idle = shards.filter((shard) => !inside || (shard.state !== 'ready' && !isPending(shard)));
  const picks = idle.map(({ index }) => index).filter((index) => page.picks.value.has(index));
  const leaving = model.leaving.value;
  const choosing = model.choosing.value && picks.length === 0;
  const canJoin = model.environment.value.secureContext && idle.length > 0 && !leaving && !choosing;
  const asked = useSignal(false);
  const { waiting } = model.farewell.value;
  const leave = () =>
    page.perform(async () => {
      if ((await model.whatOthersLose()).shards.length > 0) asked.value = true;
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
            {choosing ? 'Asking what is missing…' : joinLabel(inside, picks)}
          </button>
        )}
        {page.phase.value === 'chat' || inside || page.joining.value ? <RunAllButton /> : null}
        {inside && (
          <button type="button" data-testid="leave" disabled={leaving || asked.value || waiting} onClick={leave}>
            {leaving ? 'Handing over…' : 'Leave the swarm'}
          </button>
        )}
      </div>
      {(asked.value || waiting) && !leaving && (
        <FarewellNote
          onEnd={() => {
            asked.value = false;
          }}
        />
      )}
      {leaving && (
        <p class="muted">
          Answers that run through this tab move to other tabs first. Keep it open for these few seconds.
        </p>
      )}
      {picks.length === 0 && canJoin && (
        <p class="muted">
          Tick the shards that this tab should run, or leave the choice to auto: the one that the swarm needs most.
        </p>
      )}
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
      Run it all here
    </button>
  );
}

function joinLabel(inside: boolean, picks: readonly number[]): string {
  const shards = `${picks.length === 1 ? 'shard' : 'shards'} ${joinWords(picks.map(String))}`;
  if (inside) return picks.length > 0 ? `Add ${shards}` : 'Add a shard (auto)';
  return picks.length > 0 ? `Join with ${shards}` : 'Join (auto)';
}
