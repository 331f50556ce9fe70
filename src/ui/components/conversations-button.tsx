import { useEffect } from 'preact/hooks';
import { words } from '../../words/words.ts';
import { lazyComponent } from '../lazy-component.ts';
import { usePage } from '../page-state.ts';

export const conversationDrawer = lazyComponent(
  async () => (await import('./conversation-drawer.tsx')).ConversationDrawer,
);

/** The way to all conversations of this browser. */
export function ConversationsButton() {
  const { drawer } = usePage();
  const open = drawer.value !== 'closed';
  useEffect(() => {
    if (open) void conversationDrawer.load();
  }, [open]);
  const Drawer = conversationDrawer.component.value;
  return (
    <>
      <button
        type="button"
        class="conversations-button"
        data-testid="conversations"
        aria-haspopup="dialog"
        aria-label={words().top.conversations}
        onClick={() => (drawer.value = 'open')}
      >
        <svg width="16" height="16" viewBox="0 0 16 16" aria-hidden="true">
          <path d="M1 3h14M1 8h14M1 13h9" stroke="currentColor" stroke-width="2" stroke-linecap="round" />
        </svg>
        <span class="conversations-word">{words().top.conversations}</span>
      </button>
      {open && Drawer && <Drawer onClose={() => (drawer.value = 'closed')} />}
    </>
  );
}
