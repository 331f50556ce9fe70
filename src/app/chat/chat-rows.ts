import type { ConversationRow } from '../app-model.ts';
import type { Chat } from './chat.ts';
import { contentOf } from './chat-record.ts';
import type { StoredChat } from './chat-store.ts';
import { chatTitle } from './chat-title.ts';
import { pathTo } from './message-tree.ts';

/** @param elsewhere - ids of those that other tabs have open */
export function storedRow({ id, record }: StoredChat, elsewhere: ReadonlySet<string>): ConversationRow {
  const { title, modelName, pinned, savedAtMs, messages } = record;
  const { tree } = contentOf(record);
  return {
    ...{ id, modelName, pinned, savedAtMs, busy: false, elsewhere: elsewhere.has(id) },
    title: title ?? chatTitle(pathTo(tree, tree.leaf)),
    texts: messages.map(({ text }) => text),
  };
}

/** @param modelName - of the model that this tab speaks to */
export function livingRow(chat: Chat, modelName: string): ConversationRow {
  const { id, title, pinned, busy, messages } = chat;
  return {
    ...{ id, modelName, savedAtMs: undefined, elsewhere: false },
    ...{ title: title.value, pinned: pinned.value, busy: busy.value },
    texts: messages.value.map(({ text }) => text),
  };
}
