import { type ReadonlySignal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { PromptSize } from '../../app/app-model.ts';
import { usePage } from '../page-state.ts';

/** After the last key: a prompt is counted when typing pauses, not at every letter. */
const PAUSE_MS = 300;

/** How long the prompt is with what was said before, as typing pauses; undefined where there is none, and in a room. */
export function usePromptSize(): ReadonlySignal<PromptSize | undefined> {
  const { model, prompt } = usePage();
  const size = useSignal<PromptSize | undefined>(undefined);
  const text = prompt.value;
  const messages = model.messages.value;
  const due = text !== '' && !model.busy.value && !model.rooms.followed.value;
  useEffect(() => {
    if (!due) {
      size.value = undefined;
      return;
    }
    let current = true;
    const timer = setTimeout(() => {
      model
        .promptSize(text)
        // A template that refuses the conversation says so when it is sent.
        .catch(() => undefined)
        .then((counted) => {
          if (current) size.value = counted;
        });
    }, PAUSE_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [due, text, messages, model]);
  return size;
}
