import { words } from '../../words/words.ts';
import { usePage } from '../page-state.ts';

/** Which conversation is shown, and the way to a new one. */
export function ChatHead() {
  const { model } = usePage();
  if (model.messages.value.length === 0) return null;
  return (
    <div class="chat-head">
      <p class="chat-title" data-testid="conversation-title" dir="auto">
        {model.conversations.title.value}
      </p>
      <button type="button" data-testid="new-conversation" onClick={() => model.newConversation()}>
        {words().chat.newConversation}
      </button>
    </div>
  );
}
