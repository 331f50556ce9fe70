import type { ShardRow, Wait } from '../../app/app-model.ts';
import { shardNames } from '../../words/format.ts';
import { words } from '../../words/words.ts';
import { usePage } from '../page-state.ts';
import { isPending } from '../status-words.ts';
import { waitWords } from '../wait-words.ts';
import { CopyInvite } from './copy-button.tsx';

/** Why the answer stands still and for how long, and what the person can do about it. */
export function WaitNote({ wait }: { wait: Wait }) {
  const page = usePage();
  const { model } = page;
  const { shards, swarm } = model;
  const { text, wanted: asked } = waitWords(wait, shards.value, page.names.value);
  // One button for all that the swarm lacks, not one after the other.
  const lacks = (row: ShardRow) => swarm.value.missing.includes(row.index) && !isPending(row);
  const rows = asked.length === 0 ? [] : shards.value.filter((row) => asked.includes(row.index) || lacks(row));
  const wanted = rows.map(({ index }) => index);
  return (
    <div class="wait-note" data-testid="wait-note" data-reason={wait.reason}>
      <p>
        <span class="pulse" aria-hidden="true" />
        {text}
      </p>
      {wanted.length > 0 && (
        <div class="buttons">
          <CopyInvite label={words().invite.copyInvite} testId="wait-invite" />
          <button
            type="button"
            class="strong"
            data-testid="wait-join"
            disabled={model.leaving.value}
            onClick={() => page.perform(() => model.join(wanted))}
          >
            {words().wait.joinHere(shardNames(wanted))}
          </button>
        </div>
      )}
    </div>
  );
}
