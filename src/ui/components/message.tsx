import { memo } from 'preact/compat';
import type { ChatMessage } from '../app-model.ts';
import { usePage } from '../page-state.ts';
import { AnswerText } from './answer-text.tsx';
import { WaitNote } from './wait-note.tsx';

/** One message; drawn again only when it changes, so that a long conversation costs nothing while it grows. */
export const Message = memo(function Message({ message }: { message: ChatMessage }) {
  const { role, state, text, error, note, leftOut } = message;
  const streaming = state === 'streaming';
  return (
    <article
      class="message"
      data-testid="message"
      data-role={role}
      data-state={state}
      aria-label={role === 'user' ? 'You' : 'Answer'}
      aria-busy={streaming}
    >
      {role === 'user' ? (
        <p class="message-text" data-testid="message-text">
          {text}
        </p>
      ) : (
        <AnswerText text={text} />
      )}
      {streaming && <LiveNote begun={text !== ''} />}
      {error && (
        <p class="message-error">
          {error}
          {text && ' What was generated until then is kept above.'}
        </p>
      )}
      {leftOut && <p class="message-note muted">Left out of what the model reads.</p>}
      {!streaming && (note || state === 'stopped') && (
        <p class="message-note muted">{[state === 'stopped' && 'Stopped', note].filter(Boolean).join(' · ')}</p>
      )}
    </article>
  );
});

/** What happens before the first token, how fast it goes after, and why it stands still when it does. */
function LiveNote({ begun }: { begun: boolean }) {
  const { model } = usePage();
  const wait = model.wait.value;
  if (wait) return <WaitNote wait={wait} />;
  const speed = model.tokensPerSecond.value;
  const words = model.progressNote.value ?? (speed === undefined ? '' : `${speed.toFixed(1)} tokens/s`);
  return (
    <p class="message-note muted">
      <span class="pulse" aria-hidden="true" />
      {words || (begun ? 'Answering…' : 'Waiting for the first token…')}
    </p>
  );
}
