import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { ModelShelf } from '../../app/app-model.ts';
import { formatBytes, joinWords } from '../../core/format.ts';
import { usePage } from '../page-state.ts';

interface ShelfProps {
  readonly shelf: ModelShelf;
  /** Does what was asked for, and says what goes wrong. */
  readonly act: (action: () => Promise<void>) => void;
}

/** Files that were dropped or chosen, and what becomes of them; or what is being done with them. */
export function ModelCandidate({ shelf, act }: ShelfProps) {
  const candidate = shelf.candidate.value;
  const progress = shelf.progress.value;
  if (progress !== undefined) {
    return (
      <div class="model-note" data-testid="model-progress">
        <p role="status">{progress}</p>
        <button type="button" onClick={() => shelf.cancel()}>
          Cancel
        </button>
      </div>
    );
  }
  if (!candidate) return null;
  return (
    <section class="model-note" aria-label={candidate.name} data-testid="model-candidate">
      <p>
        <strong dir="auto">{candidate.name}</strong>, {formatBytes(candidate.totalBytes)}, is another model than this
        swarm's. It is split and kept in this browser, and runs in a private swarm of its own that begins with this tab.
      </p>
      <Leaving />
      <div class="buttons">
        <button
          type="button"
          class="primary"
          data-testid="candidate-open"
          onClick={() => act(() => shelf.openCandidate())}
        >
          Run it in this tab
        </button>
        <button type="button" onClick={() => shelf.letGo()}>
          Cancel
        </button>
      </div>
    </section>
  );
}

/** What others lose when this tab goes over to another model. */
function Leaving() {
  const page = usePage();
  const { model } = page;
  useEffect(() => {
    page.perform(async () => void (await model.whatOthersLose()));
  }, []);
  const { shards } = model.farewell.value;
  if (shards.length === 0) return null;
  return (
    <p class="warn">
      Only this tab serves {shards.length === 1 ? 'shard' : 'shards'} {joinWords(shards.map(String))} of the model that
      is open: its other tabs cannot answer until somebody else does.
    </p>
  );
}

/** A model that no list has: a file of this machine, or of the web. */
export function ModelSource({ shelf, act }: ShelfProps) {
  const page = usePage();
  const link = useSignal('');
  const busy = shelf.progress.value !== undefined;
  return (
    <form
      class="model-source"
      onSubmit={(event) => {
        event.preventDefault();
        act(() => shelf.openLink(link.value));
      }}
    >
      <h3>Another model</h3>
      <p class="muted">A GGUF of yours runs in a private swarm that begins with this tab: its link brings others in.</p>
      <div class="model-link">
        <label class="button" aria-disabled={busy}>
          Open a GGUF…
          <input
            type="file"
            class="visually-hidden"
            data-testid="model-file"
            accept=".gguf"
            multiple
            disabled={busy}
            onChange={({ currentTarget }) => {
              const files = [...(currentTarget.files ?? [])];
              currentTarget.value = '';
              if (files.length > 0) page.openFiles(files);
            }}
          />
        </label>
        <input
          type="text"
          data-testid="model-link"
          aria-label="Link to a GGUF"
          placeholder="https://…/file.gguf or hf:owner/repository/file.gguf"
          value={link.value}
          onInput={({ currentTarget }) => (link.value = currentTarget.value)}
        />
        <button type="submit" data-testid="model-link-open" disabled={busy || link.value.trim() === ''}>
          Open the link
        </button>
      </div>
    </form>
  );
}
