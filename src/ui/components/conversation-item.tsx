import { useSignal } from '@preact/signals';
import type { ConversationRow } from '../../app/app-model.ts';
import { formatDay } from '../../words/format.ts';
import { laterWords } from '../../words/later-words.ts';
import { words } from '../../words/words.ts';
import { usePage } from '../page-state.ts';
import { saveFile } from '../save-file.ts';
import { isPressed } from '../shortcuts.ts';

/** One conversation of the list. @param close - closes the list */
export function ConversationItem({ row, close }: { row: ConversationRow; close: () => void }) {
  const page = usePage();
  const { conversations } = page.model;
  const more = useSignal(false);
  const renaming = useSignal(false);
  const { id, title } = row;
  const said = laterWords().conversations;
  const act = (label: string, action: () => Promise<void>) => (
    <button type="button" onClick={() => page.perform(action)}>
      {label}
    </button>
  );
  const open = () =>
    page.perform(async () => {
      await conversations.open(id);
      page.model.rooms.leave();
      page.show('chat');
      close();
    });
  return (
    <li class="conversation" data-testid="conversation" data-current={conversations.current.value === id}>
      <div class="conversation-line">
        <button
          type="button"
          class="conversation-open"
          aria-current={conversations.current.value === id}
          disabled={row.elsewhere}
          onClick={open}
        >
          <span class="conversation-title" dir="auto">
            {title || said.untitled}
          </span>
          <small>{facts(row)}</small>
        </button>
        <button
          type="button"
          aria-label={said.moreAbout(title)}
          aria-expanded={more.value}
          onClick={() => (more.value = !more.value)}
        >
          {said.more}
        </button>
      </div>
      {renaming.value && <Rename row={row} done={() => (renaming.value = false)} />}
      {more.value && !renaming.value && (
        <div class="buttons conversation-more">
          <button type="button" disabled={row.elsewhere} onClick={() => (renaming.value = true)}>
            {said.rename}
          </button>
          {!row.elsewhere && act(row.pinned ? said.unpin : said.pin, () => conversations.pin(id, !row.pinned))}
          {act(said.saveMarkdown, async () => saveFile(await conversations.markdown(id)))}
          {act(said.saveJson, async () => saveFile(await conversations.json(id)))}
          <button
            type="button"
            class="danger"
            disabled={row.elsewhere}
            onClick={() => page.perform(() => conversations.remove(id))}
          >
            {laterWords().delete}
          </button>
        </div>
      )}
    </li>
  );
}

function Rename({ row, done }: { row: ConversationRow; done: () => void }) {
  const page = usePage();
  return (
    <form
      class="conversation-rename"
      onSubmit={(event) => {
        event.preventDefault();
        const title = new FormData(event.currentTarget).get('title');
        page.perform(() => page.model.conversations.rename(row.id, String(title)));
        done();
      }}
    >
      <label class="visually-hidden" for={`title-${row.id}`}>
        {laterWords().conversations.newName}
      </label>
      <input
        id={`title-${row.id}`}
        name="title"
        type="text"
        dir="auto"
        maxLength={200}
        value={row.title}
        ref={(input) => input?.select()}
        onKeyDown={(event) => {
          if (!isPressed('leave', event)) return;
          // The list stays open.
          event.preventDefault();
          done();
        }}
      />
      <div class="buttons">
        <button type="submit" class="strong">
          {laterWords().conversations.rename}
        </button>
        <button type="button" onClick={done}>
          {words().cancel}
        </button>
      </div>
    </form>
  );
}

/** E.g. "4 messages · 29 Nov · SmolLM2-135M". */
function facts({ texts, savedAtMs, busy, elsewhere, modelName, pinned }: ConversationRow): string {
  const said = laterWords().conversations;
  const when = savedAtMs === undefined ? '' : formatDay(savedAtMs);
  const state = busy ? said.answering : elsewhere ? said.elsewhere : when;
  return [pinned && said.pinned, said.messages(texts.length), state, modelName].filter(Boolean).join(' · ');
}
