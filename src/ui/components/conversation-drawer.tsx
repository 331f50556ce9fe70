import '../styles/drawer.css';
import { useComputed, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { ConversationRow } from '../../app/app-model.ts';
import { laterWords } from '../../words/later-words.ts';
import { words } from '../../words/words.ts';
import { useModal } from '../hooks/use-modal.ts';
import { usePage } from '../page-state.ts';
import { saveFile } from '../save-file.ts';
import { AlertsSince } from './alerts.tsx';
import { ConversationItem } from './conversation-item.tsx';

/** All conversations of this browser: to find, open, name, keep and delete. */
export function ConversationDrawer({ onClose }: { onClose: () => void }) {
  const page = usePage();
  const { conversations } = page.model;
  const dialog = useModal();
  const said = laterWords().conversations;
  const title = words().top.conversations;
  const query = useSignal('');
  const found = useComputed(() => {
    const words = query.value.toLowerCase().split(/\s+/).filter(Boolean);
    return conversations.rows.value.filter((row) => words.every((word) => holds(row, word)));
  });
  const search = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (page.drawer.value === 'search') search.current!.focus();
    page.perform(() => conversations.load());
  }, []);
  const close = () => dialog.current?.close();
  const removed = conversations.removed.value;
  return (
    <dialog ref={dialog} class="drawer" aria-label={title} data-testid="conversation-drawer" onClose={onClose}>
      <div class="drawer-body">
        <div class="card-head">
          <h2>{title}</h2>
          <button type="button" aria-label={words().close} onClick={close}>
            ×
          </button>
        </div>
        <AlertsSince />
        <label class="field">
          <span class="visually-hidden">{said.search}</span>
          <input
            ref={search}
            type="search"
            data-testid="conversation-search"
            placeholder={said.searchPlaceholder}
            value={query.value}
            onInput={({ currentTarget }) => (query.value = currentTarget.value)}
          />
        </label>
        <div class="buttons">
          <button
            type="button"
            class="strong"
            onClick={() => {
              page.model.newConversation();
              close();
            }}
          >
            {words().chat.newConversation}
          </button>
        </div>
        {removed && (
          <p class="drawer-note" role="status">
            <span dir="auto">{said.deleted(removed.title)}</span>
            <button type="button" data-testid="undo" onClick={() => page.perform(() => conversations.undoRemove())}>
              {said.undo}
            </button>
          </p>
        )}
        <ul class="conversation-list" data-testid="conversation-list">
          {found.value.map((row) => (
            <ConversationItem key={row.id} row={row} close={close} />
          ))}
        </ul>
        {found.value.length === 0 && <p class="muted">{query.value.trim() === '' ? said.noneYet : said.noneFound}</p>}
        <div class="buttons drawer-foot">
          <label class="button">
            {said.openFile}
            <input
              type="file"
              class="visually-hidden"
              data-testid="conversation-file"
              accept=".json,.md,application/json,text/markdown"
              onChange={({ currentTarget }) => {
                const [file] = currentTarget.files ?? [];
                currentTarget.value = '';
                if (file) page.perform(() => conversations.takeFile(file));
              }}
            />
          </label>
          <button
            type="button"
            disabled={conversations.rows.value.length === 0}
            onClick={() => page.perform(async () => saveFile(await conversations.json()))}
          >
            {said.saveAll}
          </button>
        </div>
        <p class="muted">{said.about}</p>
      </div>
    </dialog>
  );
}

function holds({ title, texts }: ConversationRow, word: string): boolean {
  return title.toLowerCase().includes(word) || texts.some((text) => text.toLowerCase().includes(word));
}
