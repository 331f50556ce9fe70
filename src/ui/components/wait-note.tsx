import type { Wait } from '../../swarm/coordinator/generation.ts';
import { usePage } from '../page-state.ts';
import { shardNames } from '../status-words.ts';
import { waitWords } from '../wait-words.ts';
import { CopyInvite } from './copy-invite.tsx';

/** Why the answer stands still and for how long, and what the person can do about it. */
export function WaitNote({ wait }: { wait: Wait }) {
  const page = usePage();
  const { model } = page;
  const { text, wanted } = waitWords(wait, model.shards.value, model.swarm.value.peerId);
  return (
    <div class="wait-note" data-testid="wait-note" data-reason={wait.reason}>
      <p>
        <span class="pulse" aria-hidden="true" />
        {text}
      </p>
      {wanted.length > 0 && (
        <div class="buttons">
          <CopyInvite label="Copy the invite link" testId="wait-invite" />
          <button
            type="button"
            class="strong"
            data-testid="wait-join"
            disabled={model.leaving.value}
            onClick={() => page.perform(() => model.join(wanted))}
          >
            Join with {shardNames(wanted).toLowerCase()} here
          </button>
        </div>
      )}
    </div>
  );
}
