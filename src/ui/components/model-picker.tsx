import '../styles/sheet.css';
import '../styles/picker.css';
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { ModelShelf, Preflight, ShelfModel } from '../../app/app-model.ts';
import { ShoalError } from '../../core/errors.ts';
import { laterWords } from '../../words/later-words.ts';
import { words } from '../../words/words.ts';
import { useModal } from '../hooks/use-modal.ts';
import { usePage } from '../page-state.ts';
import { AlertsSince } from './alerts.tsx';
import { DeviceFacts } from './device-facts.tsx';
import { ErrorText } from './error-text.tsx';
import { ModelItem } from './model-item.tsx';
import { ModelCandidate, ModelSource } from './model-source.tsx';

/** The models that can be opened, what this device could do with each, and the way to one's own. */
export function ModelPicker({ onClose }: { onClose: () => void }) {
  const { model } = usePage();
  const dialog = useModal();
  const shelf = useSignal<ModelShelf | undefined>(undefined);
  const models = useSignal<readonly ShelfModel[] | undefined>(undefined);
  const measured = useSignal<Preflight | undefined>(undefined);
  const measuring = useSignal(false);
  const failure = useSignal<ShoalError | undefined>(undefined);
  // What goes wrong is said here: the page's alerts are behind the dialog.
  const act = (action: () => Promise<void>) => {
    failure.value = undefined;
    action().catch((thrown: unknown) => {
      const error = ShoalError.from(thrown);
      if (error.code !== 'aborted') failure.value = error;
    });
  };
  const list = async (from: ModelShelf) => {
    models.value = await from.list();
  };
  const measure = (from: ModelShelf) =>
    act(async () => {
      measuring.value = true;
      try {
        measured.value = await from.preflight();
        await list(from);
      } finally {
        measuring.value = false;
      }
    });
  useEffect(() => {
    act(async () => {
      const found = await model.models();
      shelf.value = found;
      await list(found);
      // What computes for somebody at the moment is not asked to show its speed.
      if (model.swarm.value.role === 'guest' && !model.busy.value) measure(found);
    });
  }, []);
  const known = shelf.value;
  return (
    <dialog
      ref={dialog}
      class="sheet picker"
      aria-label={words().top.models}
      data-testid="model-picker"
      onClose={onClose}
    >
      <div class="sheet-body">
        <div class="card-head">
          <h2>{words().top.models}</h2>
          <button type="button" aria-label={words().close} onClick={() => dialog.current?.close()}>
            ×
          </button>
        </div>
        {failure.value && (
          <p class="picker-failure" role="alert">
            <ErrorText code={failure.value.code} detail={failure.value.message} />
          </p>
        )}
        <AlertsSince />
        {known && <ModelCandidate shelf={known} act={act} />}
        {!models.value && <p class="muted">{laterWords().models.asking}</p>}
        <ul class="model-list" data-testid="model-list">
          {models.value?.map((each) => (
            <ModelItem
              key={`${each.manifestId}${each.privateName}`}
              model={each}
              open={() => act(() => known!.open(each))}
              forget={() =>
                act(async () => {
                  await known!.forget(each);
                  await list(known!);
                })
              }
            />
          ))}
        </ul>
        {known && <ModelSource shelf={known} act={act} />}
        {known && (
          <DeviceFacts
            shelf={known}
            act={act}
            measured={measured.value}
            measuring={measuring.value}
            measure={() => measure(known)}
          />
        )}
      </div>
    </dialog>
  );
}
