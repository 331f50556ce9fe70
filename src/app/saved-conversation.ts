import { createStore, entries, get, promisifyRequest, type UseStore } from 'idb-keyval';
import * as v from 'valibot';

/** Messages kept, the newest: more than a context holds, and few enough to write several times a second. */
const MAX_MESSAGES = 200;
/** Characters kept in all; a context of 128 k tokens is about half a million. */
const MAX_CHARS = 1_000_000;
/** Tokens of the running answer's prompt, or of the answer: the longest context of today's models. */
const MAX_IDS = 1 << 17;
/** A conversation that nobody has taken up for a day is deleted: it is written down for a crash, not as an archive. */
const MAX_AGE_MS = 24 * 60 * 60_000;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const ids = v.pipe(v.array(count), v.maxLength(MAX_IDS));
const runningSchema = v.object({
  /** The model's own where it is left out. */
  temperature: v.optional(v.pipe(v.number(), v.finite(), v.minValue(0))),
  maxTokens: v.pipe(count, v.minValue(1)),
  systemPrompt: v.string(),
  /** Empty until the prompt is encoded. */
  promptIds: v.pipe(ids, v.readonly()),
  ids: v.pipe(ids, v.readonly()),
});
const messageSchema = v.object({
  role: v.picklist(['user', 'assistant']),
  text: v.pipe(v.string(), v.maxLength(MAX_CHARS)),
  state: v.picklist(['streaming', 'done', 'stopped', 'error']),
  error: v.optional(v.string()),
  note: v.optional(v.string()),
  leftOut: v.optional(v.boolean()),
});
const conversationSchema = v.object({
  messages: v.pipe(v.array(messageSchema), v.maxLength(MAX_MESSAGES), v.readonly()),
  running: v.optional(runningSchema),
});
const recordSchema = v.object({
  /** The tokens mean something to this model only. */
  manifestId: v.string(),
  savedAtMs: count,
  conversation: conversationSchema,
});

/** An answer that was being made: how, and its exact tokens so far. */
export type RunningAnswer = Readonly<v.InferOutput<typeof runningSchema>>;
/** The page's conversation; `running` belongs to its last message. */
export type SavedConversation = Readonly<v.InferOutput<typeof conversationSchema>>;
type SavedRecord = Readonly<v.InferOutput<typeof recordSchema>>;

/** The conversations of this browser's tabs, each under a key of its own, in a database of their own. */
export class ConversationStore {
  readonly #manifestId: string;
  readonly #store: UseStore = createStore('shoal-conversations', 'conversations');

  constructor(manifestId: string) {
    this.#manifestId = manifestId;
  }

  /** @returns undefined when there is none of this model, or none that can be read */
  async read(key: string): Promise<SavedConversation | undefined> {
    return this.#parse(await get(key, this.#store))?.conversation;
  }

  async write(key: string, conversation: SavedConversation): Promise<void> {
    const record: SavedRecord = {
      manifestId: this.#manifestId,
      savedAtMs: Date.now(),
      conversation: bounded(conversation),
    };
    await this.#change((store) => store.put(record, key));
  }

  async remove(key: string): Promise<void> {
    await this.#change((store) => store.delete(key));
  }

  /** Keys of this model's conversations, the newest first; deletes on the way what is too old, of any model. */
  async keys(): Promise<string[]> {
    const found: { key: string; savedAtMs: number }[] = [];
    for (const [key, value] of await entries<string, unknown>(this.#store)) {
      const record = v.safeParse(recordSchema, value);
      if (!record.success || record.output.savedAtMs < Date.now() - MAX_AGE_MS) await this.remove(key);
      else if (record.output.manifestId === this.#manifestId) found.push({ key, savedAtMs: record.output.savedAtMs });
    }
    return found.sort((a, b) => b.savedAtMs - a.savedAtMs).map(({ key }) => key);
  }

  async #change(change: (store: IDBObjectStore) => void): Promise<void> {
    await this.#store('readwrite', (store) => {
      change(store);
      // A page that goes now is not there any more when the transaction would end by itself.
      store.transaction.commit();
      return promisifyRequest(store.transaction);
    });
  }

  #parse(value: unknown): SavedRecord | undefined {
    const { success, output } = v.safeParse(recordSchema, value);
    return success && output.manifestId === this.#manifestId ? output : undefined;
  }
}

/** The newest messages, as many as may be kept. */
function bounded({ messages, running }: SavedConversation): SavedConversation {
  const kept: SavedConversation['messages'][number][] = [];
  let chars = 0;
  for (const message of messages.slice(-MAX_MESSAGES).reverse()) {
    chars += message.text.length;
    if (chars > MAX_CHARS) break;
    kept.unshift(message);
  }
  const fits = running && running.promptIds.length <= MAX_IDS && running.ids.length <= MAX_IDS;
  return fits ? { messages: kept, running } : { messages: kept };
}
