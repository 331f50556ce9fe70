import { type Signal, useSignal } from '@preact/signals';
import type { ChatMessage } from '../../app/app-model.ts';
import { laterWords } from '../../words/later-words.ts';
import { words } from '../../words/words.ts';
import { lazyComponent } from '../lazy-component.ts';
import { usePage } from '../page-state.ts';
import { isPressed } from '../shortcuts.ts';
import { CopyButton } from './copy-button.tsx';

const answerTokens = lazyComponent(async () => (await import('./answer-tokens.tsx')).AnswerTokens);

export interface MessageToolsProps {
  readonly message: ChatMessage;
  /** Asks to have the question's text in a box. */
  readonly edit: () => void;
  /** Whether all of a long message is shown; undefined for a short one. */
  readonly whole: Signal<boolean> | undefined;
}

/** What can be done with a message: copied, asked otherwise, answered once more, exchanged for another version. */
export function MessageTools({ message, edit, whole }: MessageToolsProps) {
  const page = usePage();
  const { model } = page;
  const { id, role, text } = message;
  const busy = model.busy.value;
  // Of another tab's room there is only what was said.
  const own = !model.rooms.followed.value;
  const said = laterWords();
  const Tokens = answerTokens.component.value;
  const tools = (
    <div class="message-tools">
      <Branches message={message} />
      {whole && (
        <button type="button" data-testid="show-all" onClick={() => (whole.value = !whole.value)}>
          {whole.value ? said.message.showLess : said.message.showAll}
        </button>
      )}
      {text !== '' && (
        <CopyButton label={said.copy} testId="copy-message" text={() => text} otherwise={said.copyByHand} />
      )}
      {!own ? null : role === 'user' ? (
        <button type="button" data-testid="edit" disabled={busy} onClick={edit}>
          {said.message.edit}
        </button>
      ) : (
        <button
          type="button"
          data-testid="regenerate"
          disabled={busy || !page.canAsk.value}
          onClick={() => page.perform(() => model.regenerate(id))}
        >
          {said.message.regenerate}
        </button>
      )}
      {role === 'assistant' && <TokensButton message={message} />}
    </div>
  );
  return (
    <>
      {tools}
      {own && page.tokensShown.value === id && Tokens && <Tokens id={id} />}
    </>
  );
}

/** What the answer is made of, where that is remembered. */
function TokensButton({ message: { id } }: { message: ChatMessage }) {
  const page = usePage();
  const shown = page.tokensShown.value === id;
  if (!page.model.hasTokens(id)) return null;
  return (
    <button
      type="button"
      data-testid="tokens"
      aria-expanded={shown}
      onClick={() => {
        page.tokensShown.value = shown ? undefined : id;
        void answerTokens.load();
      }}
    >
      {laterWords().message.tokens}
    </button>
  );
}

/** Which of several versions it is, and the way to the others. */
function Branches({ message: { id, branch } }: { message: ChatMessage }) {
  const { model } = usePage();
  if (!branch) return null;
  const { number, count } = branch;
  const said = laterWords().message;
  const step = (label: string, sign: string, by: number, possible: boolean) => (
    <button type="button" aria-label={label} disabled={!possible} onClick={() => model.showBranch(id, by)}>
      {sign}
    </button>
  );
  return (
    <span class="branches" data-testid="branches">
      {step(said.earlier, '‹', -1, number > 1)}
      {said.branch(number, count)}
      {step(said.later, '›', 1, number < count)}
    </span>
  );
}

/** A question as it was asked, to be asked otherwise. */
export function QuestionEditor({ message, done }: { message: ChatMessage; done: () => void }) {
  const page = usePage();
  const text = useSignal(message.text);
  const send = () => {
    if (text.value.trim() === '' || !page.canAsk.value) return;
    done();
    page.askOtherwise(message.id, text.value);
  };
  return (
    <form
      class="question-editor"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <label class="visually-hidden" for={`edit-${message.id}`}>
        {laterWords().message.question}
      </label>
      <textarea
        id={`edit-${message.id}`}
        data-testid="question-editor"
        dir="auto"
        rows={2}
        value={text.value}
        ref={(box) => box?.focus()}
        onInput={({ currentTarget }) => (text.value = currentTarget.value)}
        onKeyDown={(event) => {
          if (isPressed('leave', event)) {
            event.stopPropagation();
            done();
          } else if (isPressed('send', event)) {
            event.preventDefault();
            send();
          }
        }}
      />
      <div class="buttons">
        <button type="submit" class="primary" disabled={text.value.trim() === '' || !page.canAsk.value}>
          {laterWords().message.ask}
        </button>
        <button type="button" onClick={done}>
          {words().cancel}
        </button>
      </div>
    </form>
  );
}
