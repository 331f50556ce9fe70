import { useEffect } from 'preact/hooks';
import { words } from '../../words/words.ts';
import { focusOn } from '../hooks/use-shortcuts.ts';
import { lazyComponent } from '../lazy-component.ts';
import { usePage } from '../page-state.ts';

/** Nobody needs it before the first answer. */
const openRoom = lazyComponent(async () => (await import('./open-room.tsx')).OpenRoom);

/** Which conversation is shown, and the way to a new one. */
export function ChatHead() {
  const { model } = usePage();
  const OpenRoom = openRoom.component.value;
  const room = model.rooms.followed.value;
  useEffect(() => {
    void openRoom.load();
  }, []);
  if (model.messages.value.length === 0) return null;
  const begin = () => {
    model.newConversation();
    // On a touch screen it would open the keyboard.
    if (matchMedia('(pointer: fine)').matches) focusOn('#prompt');
  };
  return (
    <div class="chat-head">
      <p class="chat-title" data-testid="conversation-title" dir="auto">
        {(room ?? model.conversations).title.value}
      </p>
      <div class="buttons">
        {OpenRoom && <OpenRoom />}
        <button type="button" data-testid="new-conversation" onClick={begin}>
          {words().chat.newConversation}
        </button>
      </div>
    </div>
  );
}
