import { type ReadonlySignal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { PromptSize } from '../../app/app-model.ts';
import { usePage } from '../page-state.ts';

/** After the last key: a prompt is counted when typing pauses, not at every letter. */
const PAUSE_MS = 300;
/** A character has three bytes at most, a token one byte at the least; a template writes some marks beside. */
const MAX_TOKENS_PER_CHAR = 3;

/** The prompt's length as typing pauses; undefined for one that is short for certain, which nobody need count. */
export function usePromptSize(): ReadonlySignal<PromptSize | undefined> {
  const { model, prompt } = usePage();
  const size = useSignal<PromptSize | undefined>(undefined);
  const text = prompt.value;
  const contextLength = model.model.value?.contextLength ?? 0;
  const messages = model.messages.value;
  const chars = messages.reduce((sum, message) => sum + message.text.length, text.length);
  const due = text !== '' && !model.busy.value && chars * MAX_TOKENS_PER_CHAR > contextLength / 2;
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
