import { type ReadonlySignal, useComputed } from '@preact/signals';
import type { ChatMessage } from '../../app/app-model.ts';
import { errorWords, words } from '../../words/words.ts';
import { lazyComponent } from '../lazy-component.ts';
import { type PageState, usePage } from '../page-state.ts';
import { waitWords } from '../wait-words.ts';
import { Later } from './later.tsx';

/** Before the first answer nothing has happened. */
export const spokenEvent = lazyComponent(async () => (await import('./later-parts.ts')).SpokenEvent);

/** Tells a screen reader when an answer ends and what holds it up: not every token, and no counting seconds. */
export function Announcer() {
  const page = usePage();
  const { model } = page;
  const answer = useComputed(() => answerWords(model.messages.value.at(-1)));
  const wait = useComputed(() => waitSpoken(page));
  const happened = useComputed(() => model.timeline.value.length > 0);
  const leaving = useComputed(() => (model.leaving.value ? words().spoken.leaving : ''));
  const choosing = useComputed(() => (model.choosing.value ? words().spoken.choosing : ''));
  return (
    <>
      <Spoken words={answer} />
      <Spoken words={wait} />
      <p class="visually-hidden" role="status">
        {happened.value && <Later of={spokenEvent} />}
      </p>
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
  const { state, error, errorCode } = last;
  const { spoken } = words();
  if (state === 'streaming') return spoken.answering;
  if (state === 'error') return spoken.failed(errorWords(errorCode) || (error ?? spoken.unknownError));
  return state === 'stopped' ? spoken.stopped : spoken.complete;
}

function waitSpoken({ model: { wait, shards }, names }: PageState): string {
  return wait.value ? waitWords(wait.value, shards.value, names.value).spoken : '';
}
