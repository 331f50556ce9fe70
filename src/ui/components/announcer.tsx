import { useSignal, useSignalEffect } from '@preact/signals';
import type { ChatMessage } from '../app-model.ts';
import { usePage } from '../page-state.ts';

/** Tells a screen reader when an answer ends, not every token of it. */
export function Announcer() {
  const { model } = usePage();
  const text = useSignal('');
  useSignalEffect(() => {
    const last = model.messages.value.at(-1);
    if (last?.role !== 'assistant') return;
    text.value = announcement(last);
  });
  return (
    <p class="visually-hidden" role="status">
      {text}
    </p>
  );
}

function announcement({ state, error }: ChatMessage): string {
  if (state === 'streaming') return 'Answering…';
  if (state === 'error') return `The answer failed: ${error ?? 'unknown error'}`;
  return state === 'stopped' ? 'The answer was stopped.' : 'The answer is complete.';
}
