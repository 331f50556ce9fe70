import { useSignal } from '@preact/signals';
import { memo } from 'preact/compat';
import { useEffect } from 'preact/hooks';
import type { ChatMessage } from '../../app/app-model.ts';
import { formatNumber } from '../../words/format.ts';
import { words } from '../../words/words.ts';
import { lazyComponent } from '../lazy-component.ts';
import { usePage } from '../page-state.ts';
import { AnswerText } from './answer-text.tsx';
import { ErrorText } from './error-text.tsx';
import { TabMark } from './tab-mark.tsx';
import { WaitNote } from './wait-note.tsx';

/** A question that is longer, as with a file, is shown by its beginning. */
const LONG_CHARS = 1200;

/** Nobody needs them before the first answer. */
const messageTools = lazyComponent(async () => (await import('./message-tools.tsx')).MessageTools);
const questionEditor = lazyComponent(async () => (await import('./message-tools.tsx')).QuestionEditor);

/** One message; drawn again only when it changes, so that a long conversation costs nothing while it grows. */
export const Message = memo(function Message({ message }: { message: ChatMessage }) {
  const { role, state, text, error, note, leftOut } = message;
  const streaming = state === 'streaming';
  const editing = useSignal(false);
  const long = role === 'user' && text.length > LONG_CHARS;
  const whole = useSignal(false);
  const said = words().chat;
  const Tools = messageTools.component.value;
  useEffect(() => {
    void messageTools.load();
    void questionEditor.load();
  }, []);
  // Scripts read a message's text: what else there is stands beside it.
  return (
    <div class="turn" data-role={role}>
      <article
        class="message"
        data-testid="message"
        data-role={role}
        data-state={state}
        data-clipped={long && !whole.value}
        aria-label={role === 'user' ? said.you : said.answer}
        aria-busy={streaming}
      >
        {message.by && <AskedBy by={message.by} />}
        {role === 'user' ? (
          <Question message={message} editing={editing.value} done={() => (editing.value = false)} />
        ) : (
          <AnswerText text={text} streaming={streaming} />
        )}
        {streaming && <LiveNote begun={text !== ''} />}
        {error && (
          <p class="message-error">
            <ErrorText code={message.errorCode} detail={error} />
            {text && ` ${said.keptAbove}`}
          </p>
        )}
        {message.continuable && <ContinueButton id={message.id} />}
        {leftOut && <p class="message-note muted">{said.leftOut}</p>}
        {!streaming && (note || state === 'stopped') && (
          <p class="message-note muted">{[state === 'stopped' && said.stopped, note].filter(Boolean).join(' · ')}</p>
        )}
      </article>
      {!streaming && !editing.value && Tools && (
        <Tools message={message} edit={() => (editing.value = true)} whole={long ? whole : undefined} />
      )}
    </div>
  );
});

function Question({ message, editing, done }: { message: ChatMessage; editing: boolean; done: () => void }) {
  const Editor = questionEditor.component.value;
  if (editing && Editor) return <Editor message={message} done={done} />;
  return (
    <p class="message-text" data-testid="message-text" dir="auto">
      {message.text}
    </p>
  );
}

/** Whose question it is, in a room. */
function AskedBy({ by: { peerId, name } }: { by: NonNullable<ChatMessage['by']> }) {
  const { names } = usePage();
  const self = peerId === names.value.self;
  return (
    <p class="message-by muted" data-testid="asked-by" dir="auto">
      <TabMark peerId={peerId} />
      {self ? words().chat.you : names.value.full(peerId, name)}
    </p>
  );
}

/** Under the last message only: what came after it was an answer to something else. */
function ContinueButton({ id }: { id: number }) {
  const page = usePage();
  const { model } = page;
  if (model.messages.value.at(-1)?.id !== id) return null;
  return (
    <div class="buttons">
      <button type="button" data-testid="continue" onClick={() => page.perform(() => model.continueAnswer())}>
        {words().chat.continue}
      </button>
    </div>
  );
}

/** What happens before the first token, how fast it goes after, and why it stands still when it does. */
function LiveNote({ begun }: { begun: boolean }) {
  const { model } = usePage();
  const wait = model.wait.value;
  if (wait) return <WaitNote wait={wait} />;
  const speed = model.tokensPerSecond.value;
  const said = words();
  const note = model.progressNote.value ?? (speed === undefined ? '' : said.tokensPerSecond(formatNumber(speed, 1)));
  return (
    <p class="message-note muted">
      <span class="pulse" aria-hidden="true" />
      {note || (begun ? said.chat.answering : said.chat.firstToken)}
    </p>
  );
}
