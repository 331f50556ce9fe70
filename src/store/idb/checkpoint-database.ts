import { createStore, promisifyRequest, type UseStore } from 'idb-keyval';
import { ShoalError } from '../../core/errors.ts';
import { countGarbage } from '../../core/garbage.ts';
import type { CheckpointHead, CheckpointStore } from '../checkpoint-store.ts';

const DATABASE = 'shoal-checkpoints';

/** A part as it lies in the database. A Blob, as pieces of shards are: Chromium copies an array five times on its way out. */
interface StoredPart {
  readonly blob: Blob;
  readonly writtenAtMs: number;
}

/** Checkpoints in IndexedDB: heads under `head/${id}`, parts under `part/${id}/${part}`. */
export class CheckpointDatabase implements CheckpointStore {
  readonly #store: UseStore;

  constructor(database: string = DATABASE) {
    this.#store = createStore(database, 'checkpoints');
  }

  async heads(): Promise<ReadonlyMap<string, CheckpointHead>> {
    return this.#store('readonly', async (store) => {
      const range = within('head/');
      const [keys, heads] = await Promise.all([
        promisifyRequest(store.getAllKeys(range)),
        promisifyRequest<CheckpointHead[]>(store.getAll(range)),
      ]);
      return new Map(heads.map((head, index) => [String(keys[index]).slice('head/'.length), head]));
    });
  }

  head(id: string): Promise<CheckpointHead | undefined> {
    return this.#store('readonly', (store) => promisifyRequest(store.get(`head/${id}`)));
  }

  async part(id: string, part: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const stored = await this.#store('readonly', (store) =>
      promisifyRequest<StoredPart | undefined>(store.get(`part/${id}/${part}`)),
    );
    if (!stored) return undefined;
    try {
      const bytes = new Uint8Array(await stored.blob.arrayBuffer());
      countGarbage(bytes.length);
      return bytes;
    } catch {
      // The Blob's file is gone, as after another tab has deleted it.
      return undefined;
    }
  }

  putPart(id: string, part: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    countGarbage(bytes.length);
    const stored: StoredPart = { blob: new Blob([bytes]), writtenAtMs: Date.now() };
    return this.#change((store) => store.put(stored, `part/${id}/${part}`));
  }

  seal(id: string, head: CheckpointHead, parts: readonly string[]): Promise<void> {
    const needed = new Set(parts.map((part) => `part/${id}/${part}`));
    return this.#change((store) => {
      store.put(head, `head/${id}`);
      const keys = store.getAllKeys(within(`part/${id}/`));
      keys.onsuccess = () => {
        for (const key of keys.result) if (!needed.has(String(key))) store.delete(key);
      };
    });
  }

  touch(id: string, usedAtMs: number): Promise<void> {
    return this.#change((store) => {
      const head = store.get(`head/${id}`);
      head.onsuccess = () => {
        if (head.result) store.put({ ...(head.result as CheckpointHead), usedAtMs }, `head/${id}`);
      };
    });
  }

  delete(id: string): Promise<void> {
    return this.#change((store) => {
      store.delete(`head/${id}`);
      store.delete(within(`part/${id}/`));
    });
  }

  /** Deletes everything. */
  clear(): Promise<void> {
    return this.#change((store) => store.clear());
  }

  sweep(beforeMs: number): Promise<void> {
    return this.#change((store) => {
      const heads = store.getAllKeys(within('head/'));
      heads.onsuccess = () => {
        const whole = new Set(heads.result.map((key) => String(key).slice('head/'.length)));
        const parts = store.openCursor(within('part/'));
        parts.onsuccess = () => {
          const cursor = parts.result;
          if (!cursor) return;
          const id = String(cursor.key).split('/')[1]!;
          if (!whole.has(id) && (cursor.value as StoredPart).writtenAtMs < beforeMs) cursor.delete();
          cursor.continue();
        };
      };
    });
  }

  async #change(change: (store: IDBObjectStore) => unknown): Promise<void> {
    try {
      await this.#store('readwrite', (store) => {
        change(store);
        return promisifyRequest(store.transaction);
      });
    } catch (cause) {
      if ((cause as DOMException | null)?.name !== 'QuotaExceededError') throw cause;
      throw new ShoalError('storage-full', "The browser's storage is full: the conversation's cache is not kept.", {
        cause,
      });
    }
  }
}

/** Every key that begins so, and has something after it. */
function within(beginning: string): IDBKeyRange {
  // '0' is the character after '/'.
  return IDBKeyRange.bound(beginning, `${beginning.slice(0, -1)}0`, true, true);
}
