import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { ModelShelf } from '../../app/app-model.ts';
import { formatBytes, shardNames } from '../../words/format.ts';
import { laterWords } from '../../words/later-words.ts';
import { words } from '../../words/words.ts';
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
          {words().cancel}
        </button>
      </div>
    );
  }
  if (!candidate) return null;
  const said = laterWords().models;
  return (
    <section class="model-note" aria-label={candidate.name} data-testid="model-candidate">
      <p>
        <strong dir="auto">{candidate.name}</strong>, {formatBytes(candidate.totalBytes)}, {said.isAnother}
      </p>
      <Leaving />
      <div class="buttons">
        <button
          type="button"
          class="primary"
          data-testid="candidate-open"
          onClick={() => act(() => shelf.openCandidate())}
        >
          {said.runHere}
        </button>
        <button type="button" onClick={() => shelf.letGo()}>
          {words().cancel}
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
  return <p class="warn">{laterWords().models.onlyThisTab(shardNames(shards))}</p>;
}

/** A model that no list has: a file of this machine, or of the web. */
export function ModelSource({ shelf, act }: ShelfProps) {
  const page = usePage();
  const link = useSignal('');
  const said = laterWords().models;
  const busy = shelf.progress.value !== undefined;
  return (
    <form
      class="model-source"
      onSubmit={(event) => {
        event.preventDefault();
        act(() => shelf.openLink(link.value));
      }}
    >
      <h3>{said.another}</h3>
      <p class="muted">{said.anotherNote}</p>
      <div class="model-link">
        <label class="button" aria-disabled={busy}>
          {said.openGguf}
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
          aria-label={said.linkLabel}
          placeholder={said.linkPlaceholder}
          value={link.value}
          onInput={({ currentTarget }) => (link.value = currentTarget.value)}
        />
        <button type="submit" data-testid="model-link-open" disabled={busy || link.value.trim() === ''}>
          {said.openLink}
        </button>
      </div>
    </form>
  );
}
