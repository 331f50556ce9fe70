import { usePage } from '../page-state.ts';
import { Composer } from './composer.tsx';
import { Transcript } from './transcript.tsx';

/** The conversation and the prompt below it. */
export function Chat() {
  const { model } = usePage();
  return (
    <section class="chat" aria-label="Chat">
      {model.messages.value.length > 0 && (
        <div class="chat-bar">
          <button type="button" data-testid="new-conversation" onClick={() => model.newConversation()}>
            New conversation
          </button>
        </div>
      )}
      <Transcript />
      <Composer />
    </section>
  );
}
