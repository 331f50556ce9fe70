import { useSignal } from '@preact/signals';
import { lazyComponent } from '../lazy-component.ts';
import { usePage } from '../page-state.ts';

export const conversationDrawer = lazyComponent(
  async () => (await import('./conversation-drawer.tsx')).ConversationDrawer,
);

/** Which conversation is shown, and the way to the others. */
export function ChatHead() {
  const { model } = usePage();
  const { conversations } = model;
  const open = useSignal(false);
  const Drawer = conversationDrawer.component.value;
  return (
    <div class="chat-head">
      <button
        type="button"
        data-testid="conversations"
        aria-haspopup="dialog"
        onClick={() => {
          open.value = true;
          void conversationDrawer.load();
        }}
      >
        Conversations
      </button>
      <p class="chat-title" data-testid="conversation-title" dir="auto">
        {conversations.title.value}
      </p>
      {model.messages.value.length > 0 && (
        <button type="button" data-testid="new-conversation" onClick={() => model.newConversation()}>
          New
        </button>
      )}
      {open.value && Drawer && <Drawer onClose={() => (open.value = false)} />}
    </div>
  );
}
