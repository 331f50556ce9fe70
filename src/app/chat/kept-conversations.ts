import { createStore, promisifyRequest, type UseStore } from 'idb-keyval';
import * as v from 'valibot';
import type { CheckpointShelf, KeptConversation } from '../../swarm/coordinator/kept-conversation.ts';

/** Of all tabs of a browser, the newest: stages have no room for more. */
const MAX_KEPT = 8;
/** As long as stages keep them. */
const KEPT_MS = 3 * 24 * 60 * 60_000;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const noteSchema = v.object({
  ids: v.array(count),
  stages: v.array(
    v.object({
      layers: v.object({ start: count, end: count }),
      name: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)),
      peerId: v.optional(v.string()),
    }),
  ),
  savedAtMs: count,
});

/** Which conversations of this browser have caches at their stages, in a database of their own. */
export class KeptConversations implements CheckpointShelf {
  readonly #store: UseStore = createStore('shoal-kept-conversations', 'kept');

  async read(key: string): Promise<KeptConversation | undefined> {
    const stored = await this.#store('readonly', (store) => promisifyRequest<unknown>(store.get(key)));
    const note = parsed(stored);
    return note && Date.now() - note.savedAtMs <= KEPT_MS ? note : undefined;
  }

  /** The oldest of too many are forgotten. */
  write(key: string, { ids, stages }: KeptConversation): Promise<void> {
    return this.#store('readwrite', (store) => {
      store.put({ ids, stages, savedAtMs: Date.now() }, key);
      const keys = store.getAllKeys();
      const notes = store.getAll();
      notes.onsuccess = () => {
        const ages = notes.result.map((note, index) => ({
          key: keys.result[index]!,
          at: parsed(note)?.savedAtMs ?? 0,
        }));
        for (const old of ages.toSorted((a, b) => b.at - a.at).slice(MAX_KEPT)) store.delete(old.key);
      };
      return promisifyRequest(store.transaction);
    });
  }

  remove(key: string): Promise<void> {
    return this.#store('readwrite', (store) => {
      store.delete(key);
      return promisifyRequest(store.transaction);
    });
  }
}

function parsed(stored: unknown): v.InferOutput<typeof noteSchema> | undefined {
  const { success, output } = v.safeParse(noteSchema, stored);
  return success ? output : undefined;
}
