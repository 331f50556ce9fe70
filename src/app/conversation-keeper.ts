import { effect } from '@preact/signals';
import { log } from '../core/log.ts';
import type { Chat } from './chat.ts';
import { expectConversation } from './conversation-hint.ts';
import { ConversationStore, type SavedConversation } from './saved-conversation.ts';
import { claimKey } from './tab-claim.ts';

/** A crash costs so much of an answer at most, which is made again; oftener would only wear the disk. */
const SAVE_EVERY_MS = 400;

/**
 * Keeps the conversation of this tab in the browser's storage as it grows, and takes it up where a reload, a crash or a
 * closed tab has cut it off. Each tab has its own.
 */
export async function keepConversation(chat: Chat, manifestId: string): Promise<void> {
  const store = new ConversationStore(manifestId);
  const key = await claimKey({ kind: 'conversation', manifestId, orphans: () => store.keys() });
  const saved = await store.read(key);
  const restored = saved && chat.restore(saved);
  const saver = new Saver(() => save(store, key, chat.snapshot()));
  effect(() => {
    expectConversation(chat.messages.value.length > 0);
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
