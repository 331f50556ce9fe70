import { createStore, delMany, getMany, keys, promisifyRequest, setMany, type UseStore } from 'idb-keyval';
import * as v from 'valibot';
import type { NotedAnswer } from './answer-tokens.ts';
import { runningSchema } from './chat-record.ts';
import type { AnswerPlace, RemovedTokens, TokenShelf } from './token-shelf.ts';

/** Answers of all conversations of a browser, the newest: one takes some ten kilobytes. */
const MAX_ANSWERS = 256;

const id = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const logprob = { id, logprob: v.number() };
const tokenSchema = v.object({ ...logprob, top: v.array(v.object(logprob)) });
const entrySchema = v.object({
  /** Tokens mean something to their own model only. */
  home: v.string(),
  running: runningSchema,
  tokens: v.array(v.optional(tokenSchema)),
});

/** The tokens of answers in IndexedDB, under `${time}/${conversation}/${message}`: the oldest key is the first. */
export class KeptTokens implements TokenShelf {
  readonly #store: UseStore;

  constructor(database: string = 'shoal-answer-tokens') {
    this.#store = createStore(database, 'answers');
  }

  async read(home: string, chat: string): Promise<ReadonlyMap<number, NotedAnswer>> {
    const answers = new Map<number, NotedAnswer>();
    for (const [key, value] of await this.#entries(chat)) {
      const { success, output } = v.safeParse(entrySchema, value);
      if (success && output.home === home) answers.set(Number(key.split('/')[2]), output);
    }
    return answers;
  }

  write({ home, chat, message }: AnswerPlace, { running, tokens }: NotedAnswer): Promise<void> {
    const place = `/${chat}/${message}`;
    return this.#store('readwrite', (store) => {
      const asked = store.getAllKeys();
      asked.onsuccess = () => {
        const all = asked.result.map(String);
        const others = all.filter((key) => !key.endsWith(place));
        for (const key of all) if (key.endsWith(place)) store.delete(key);
        for (const key of others.slice(0, Math.max(0, others.length + 1 - MAX_ANSWERS))) store.delete(key);
        store.put({ home, running, tokens }, `${Date.now()}${place}`);
        // A page that goes now is not there any more when the transaction would end by itself.
        store.transaction.commit();
      };
      return promisifyRequest(store.transaction);
    });
  }

  async remove(chat: string): Promise<RemovedTokens> {
    const removed = await this.#entries(chat);
    await delMany(
      removed.map(([key]) => key),
      this.#store,
    );
    return removed;
  }

  putBack(removed: RemovedTokens): Promise<void> {
    return setMany([...removed], this.#store);
  }

  /** Of a conversation, the oldest first. */
  async #entries(chat: string): Promise<[key: string, value: unknown][]> {
    const own = (await keys<string>(this.#store)).filter((key) => key.split('/')[1] === chat);
    const values = await getMany<unknown>(own, this.#store);
    return own.map((key, index) => [key, values[index]]);
  }
}
