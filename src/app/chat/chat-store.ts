import { createStore, entries, get, promisifyRequest, type UseStore } from 'idb-keyval';
import * as v from 'valibot';
import { Lazy } from '../../core/lazy.ts';
import { type ChatRecord, recordSchema } from './chat-record.ts';
import type { TokenShelf } from './token-shelf.ts';
import { upgradedRecord } from './upgraded-record.ts';

/** Conversations kept in a browser; beyond it those that were written longest ago go, but for pinned ones. */
const MAX_CHATS = 1000;

export interface StoredChat {
  readonly id: string;
  readonly record: ChatRecord;
}

/** Where conversations are kept. */
export interface ConversationStore {
  /** @returns undefined when there is none, or none that can be read */
  read(id: string): Promise<ChatRecord | undefined>;
  write(id: string, record: ChatRecord): Promise<void>;
  remove(id: string): Promise<void>;
  /** All that can be read, the newest first. */
  list(): Promise<readonly StoredChat[]>;
  /** The tokens of their answers, where they are kept too. */
  readonly tokens?: Lazy<TokenShelf>;
}

/** The conversations of this browser, of all models, in a database of their own. */
export class ChatStore implements ConversationStore {
  readonly tokens: Lazy<TokenShelf> = new Lazy(async () => new (await import('./kept-tokens.ts')).KeptTokens());
  readonly #store: UseStore = createStore('shoal-conversations', 'conversations');

  async read(id: string): Promise<ChatRecord | undefined> {
    return parsed(await get(id, this.#store));
  }

  async write(id: string, record: ChatRecord): Promise<void> {
    await this.#change((store) => store.put(record, id));
  }

  async remove(id: string): Promise<void> {
    await this.#change((store) => store.delete(id));
  }

  /** The oldest of too many are deleted. */
  async list(): Promise<readonly StoredChat[]> {
    const found: StoredChat[] = [];
    for (const [id, value] of await entries<string, unknown>(this.#store)) {
      const record = parsed(value);
      if (record) found.push({ id, record });
    }
    found.sort((a, b) => b.record.savedAtMs - a.record.savedAtMs);
    const tooMany = new Set(found.slice(MAX_CHATS).filter(({ record }) => !record.pinned && !record.open));
    for (const { id } of tooMany) await this.remove(id);
    return found.filter((chat) => !tooMany.has(chat));
  }

  async #change(change: (store: IDBObjectStore) => void): Promise<void> {
    await this.#store('readwrite', (store) => {
      change(store);
      // A page that goes now is not there any more when the transaction would end by itself.
      store.transaction.commit();
      return promisifyRequest(store.transaction);
    });
  }
}

function parsed(value: unknown): ChatRecord | undefined {
  const { success, output } = v.safeParse(recordSchema, upgradedRecord(value));
  return success ? output : undefined;
}
