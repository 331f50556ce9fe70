import { effect } from '@preact/signals';
import { log } from '../../core/log.ts';
import type { Chat } from './chat.ts';
import { ConversationStore, type SavedConversation } from './saved-conversation.ts';

/** A crash costs so much of an answer at most, which is made again; oftener would only wear the disk. */
const SAVE_EVERY_MS = 400;
/** The page before a reload gives its conversation free when it is gone, which a busy browser may take a while for. */
const RELOAD_PATIENCE_MS = 3000;

/**
 * Keeps the conversation of this tab in the browser's storage as it grows, and takes it up where a reload, a crash or a
 * closed tab has cut it off. Each tab has its own: the key lies in `sessionStorage`, which a reload keeps; a Web Lock
 * says that a living tab has it, so that a tab without a key, a reopened one, finds what nobody has.
 */
export async function keepConversation(chat: Chat, manifestId: string): Promise<void> {
  const store = new ConversationStore(manifestId);
  const key = await claimKey(store, manifestId);
  const saved = await store.read(key);
  const restored = saved && chat.restore(saved);
  const saver = new Saver(() => save(store, key, chat.snapshot()));
  effect(() => {
    if (chat.messages.value.length > 0) saver.soon();
    // A new conversation leaves nothing behind.
    else saver.now();
  });
  document.addEventListener('visibilitychange', () => saver.now());
  // What fails while the page goes is not the conversation's end.
  addEventListener('pagehide', () => saver.pause());
  addEventListener('pageshow', () => saver.resume());
  await restored;
}

function save(store: ConversationStore, key: string, conversation: SavedConversation): Promise<void> {
  return conversation.messages.length > 0 ? store.write(key, conversation) : store.remove(key);
}

async function claimKey(store: ConversationStore, manifestId: string): Promise<string> {
  const item = `shoal-conversation-${manifestId}`;
  const own = sessionStorage.getItem(item);
  const key = own === null ? await claimOrphan(store) : (await claimOwn(own)) ? own : undefined;
  const claimed = key ?? (await claimFresh());
  sessionStorage.setItem(item, claimed);
  return claimed;
}

/** False when another tab lives with it: a duplicated tab copies the session's storage. */
function claimOwn(key: string): Promise<boolean> {
  return hold(key, { signal: AbortSignal.timeout(RELOAD_PATIENCE_MS) });
}

async function claimOrphan(store: ConversationStore): Promise<string | undefined> {
  for (const key of await store.keys()) if (await hold(key, { ifAvailable: true })) return key;
  return undefined;
}

async function claimFresh(): Promise<string> {
  const key = crypto.randomUUID();
  await hold(key, { ifAvailable: true });
  return key;
}

/** Takes the conversation's lock for as long as this page lives; false when another has it. */
function hold(key: string, options: LockOptions): Promise<boolean> {
  return new Promise((resolve) => {
    navigator.locks
      .request(`shoal-conversation-${key}`, options, (lock) => {
        resolve(lock !== null);
        return lock === null ? undefined : new Promise<never>(() => {});
      })
      .catch(() => resolve(false));
  });
}

/** Saves at most every `SAVE_EVERY_MS`, the newest state always. */
class Saver {
  readonly #save: () => Promise<void>;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #savedAtMs = Number.NEGATIVE_INFINITY;
  #paused = false;
  #failed = false;

  constructor(save: () => Promise<void>) {
    this.#save = save;
  }

  soon(): void {
    this.#timer ??= setTimeout(() => this.now(), this.#savedAtMs + SAVE_EVERY_MS - performance.now());
  }

  now(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#paused) return;
    this.#savedAtMs = performance.now();
    this.#save().catch((error: unknown) => {
      // Said once: a browser that keeps nothing will not keep the next state either.
      if (!this.#failed) log.warn('CHAT', `The conversation cannot be kept for a reload: ${String(error)}`);
      this.#failed = true;
    });
  }

  /** Saves a last time, and no more until `resume`. */
  pause(): void {
    this.now();
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
  }
}
