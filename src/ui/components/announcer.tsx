import { type ReadonlySignal, useComputed } from '@preact/signals';
import type { AppModel, ChatMessage } from '../../app/app-model.ts';
import { usePage } from '../page-state.ts';
import { eventWords } from '../timeline-words.ts';
import { waitWords } from '../wait-words.ts';

/** Tells a screen reader when an answer ends and what holds it up: not every token, and no counting seconds. */
export function Announcer() {
  const { model } = usePage();
  const answer = useComputed(() => answerWords(model.messages.value.at(-1)));
  const wait = useComputed(() => waitSpoken(model));
  const event = useComputed(() => eventSpoken(model));
  const leaving = useComputed(() => (model.leaving.value ? 'Handing over before this tab leaves.' : ''));
  const choosing = useComputed(() => (model.choosing.value ? 'Asking the others what is missing.' : ''));
  return (
    <>
      <Spoken words={answer} />
      <Spoken words={wait} />
      <Spoken words={event} />
      <Spoken words={leaving} />
      <Spoken words={choosing} />
    </>
  );
}

/** Each subject has a place of its own: one that speaks does not take the words out of another's mouth. */
function Spoken({ words }: { words: ReadonlySignal<string> }) {
  return (
    <p class="visually-hidden" role="status">
      {words}
    </p>
  );
}

function answerWords(last: ChatMessage | undefined): string {
  if (last?.role !== 'assistant') return '';
  const { state, error } = last;
  if (state === 'streaming') return 'Answering…';
  if (state === 'error') return `The answer failed: ${error ?? 'unknown error'}`;
  return state === 'stopped' ? 'The answer was stopped.' : 'The answer is complete.';
}

function waitSpoken({ wait, shards, swarm }: AppModel): string {
  return wait.value ? waitWords(wait.value, shards.value, swarm.value.peerId).spoken : '';
}

function eventSpoken({ timeline, swarm }: AppModel): string {
  const newest = timeline.value[0];
  return newest ? eventWords(newest.event, swarm.value.peerId).headline : '';
}
