import { computed, effect, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { randomId } from '../../core/bytes.ts';
import { ShoalError } from '../../core/errors.ts';
import { log } from '../../core/log.ts';
import type { ConversationList, ConversationRow } from '../app-model.ts';
import { claimedKeys, claimKey, releaseKey, takeKey } from '../tab-claim.ts';
import type { AnswerOptions } from './answer-options.ts';
import type { NotedAnswer } from './answer-tokens.ts';
import { Chat, type ChatParts } from './chat.ts';
import { expectConversation, leaveConversation, MAX_ORPHAN_AGE_MS, takeConversation } from './chat-hint.ts';
import { type ChatRecord, contentOf, entriesOf, MAX_TITLE_CHARS } from './chat-record.ts';
import { livingRow, storedRow } from './chat-rows.ts';
import { ChatSaver } from './chat-saver.ts';
import type { ConversationStore, StoredChat } from './chat-store.ts';
import type { RemovedTokens, TokenShelf } from './token-shelf.ts';

const KIND = 'conversation';
/** Of files that are taken in. */
const MAX_FILE_BYTES = 64 << 20;

export interface ChatLibraryOptions {
  /** What a conversation with this id is answered by. */
  readonly parts: (id: string) => ChatParts;
  /** How a new conversation's answers are made. */
  readonly defaults: () => AnswerOptions;
}

/** Where the conversations are spoken. */
interface Home {
  /** The manifest, or the private swarm. */
  readonly id: string;
  readonly modelName: string;
}

interface LivingChat {
  readonly chat: Chat;
  readonly saver: ChatSaver;
  readonly stopWatching: () => void;
}

/**
 * The conversations of this browser. One is shown, others of this tab may be answering; all are kept in the browser's
 * storage as they grow. A conversation is open in one tab at a time, and a tab that comes back takes its own up again.
 */
export class ChatLibrary implements ConversationList {
  readonly shown: Signal<Chat>;
  readonly current: ReadonlySignal<string>;
  readonly title: ReadonlySignal<string>;
  readonly rows: ReadonlySignal<readonly ConversationRow[]>;
  readonly removed: Signal<{ readonly id: string; readonly title: string } | undefined> = signal(undefined);
  readonly #options: ChatLibraryOptions;
  readonly #stored: Signal<readonly StoredChat[]> = signal([]);
  readonly #elsewhere: Signal<ReadonlySet<string>> = signal(new Set());
  /** Those of this tab that are shown or answering. */
  readonly #living: Signal<ReadonlyMap<string, LivingChat>> = signal(new Map());
  #store: ConversationStore | undefined;
  #home: Home | undefined;
  #removed: (StoredChat & { readonly tokens: RemovedTokens | undefined }) | undefined;
  /** It is not given up while another is shown. */
  #held: string | undefined;
  #onHeldRemoved: (() => void) | undefined;

  constructor(options: ChatLibraryOptions) {
    this.#options = options;
    this.shown = signal(this.#make(randomId()));
    this.current = computed(() => this.shown.value.id);
    this.title = computed(() => this.shown.value.title.value);
    const stored = computed(() => this.#stored.value.map((chat) => storedRow(chat, this.#elsewhere.value)));
    this.rows = computed(() => {
      const living = [...this.#living.value.values()].filter(({ chat }) => chat.messages.value.length > 0);
      const rows = living.map(({ chat }) => livingRow(chat, this.#home?.modelName ?? ''));
      const others = stored.value.filter(({ id }) => !this.#living.value.has(id));
      return [...rows, ...others].sort((a, b) => Number(b.pinned) - Number(a.pinned));
    });
  }

  /** Takes up what this tab, or one that has gone, had open. What was asked before that stays. */
  async begin(home: Home, store: ConversationStore): Promise<void> {
    this.#home = home;
    this.#store = store;
    const { id: manifestId } = home;
    const id = await claimKey({ kind: KIND, manifestId, orphans: () => this.#orphans(manifestId) });
    const record = await store.read(id);
    const waiting = this.shown.value;
    if (waiting.messages.value.length > 0) {
      releaseKey(KIND, id);
      await takeKey({ kind: KIND, manifestId }, waiting.id);
      this.#keep(waiting);
    } else {
      this.shown.value = this.#revive(id, record);
    }
    const savers = () => [...this.#living.value.values()].map(({ saver }) => saver);
    document.addEventListener('visibilitychange', () => void savers().map((saver) => saver.now()));
    // What fails while the page goes is not the conversation's end.
    addEventListener('pagehide', () => {
      leaveConversation();
      savers().map((saver) => saver.pause());
    });
    addEventListener('pageshow', () => {
      takeConversation();
      savers().map((saver) => saver.resume());
    });
    takeConversation();
    effect(() => expectConversation(this.shown.value.messages.value.length > 0));
  }

  async load(): Promise<void> {
    const [stored, claimed] = await Promise.all([this.#store?.list() ?? [], claimedKeys(KIND)]);
    this.#stored.value = stored;
    this.#elsewhere.value = new Set([...claimed].filter((id) => !this.#living.value.has(id)));
  }

  async open(id: string): Promise<void> {
    if (id === this.shown.value.id) return;
    if (!this.#home || !(await takeKey({ kind: KIND, manifestId: this.#home.id }, id))) throw elsewhere();
    try {
      this.#show(this.#living.value.get(id)?.chat ?? this.#revive(id, await this.#read(id)));
    } catch (error) {
      // A reload takes up what is shown.
      releaseKey(KIND, id);
      await takeKey({ kind: KIND, manifestId: this.#home.id }, this.shown.value.id);
      throw error;
    }
  }

  /**
   * Keeps a conversation in this tab, whichever is shown; none when undefined.
   * @param onRemoved - the person deletes it
   */
  hold(id: string | undefined, onRemoved?: () => void): void {
    const before = this.#held;
    this.#held = id;
    this.#onHeldRemoved = onRemoved;
    const living = before === undefined ? undefined : this.#living.value.get(before);
    if (living && living.chat !== this.shown.value && before !== id) this.#releaseWhenDone(living.chat);
  }

  startNew(): void {
    if (this.shown.value.messages.value.length === 0) return;
    const chat = this.#make(randomId());
    this.#show(chat);
    if (!this.#home) return;
    this.#keep(chat);
    void takeKey({ kind: KIND, manifestId: this.#home.id }, chat.id);
  }

  async rename(id: string, title: string): Promise<void> {
    const given = title.trim().slice(0, MAX_TITLE_CHARS) || undefined;
    const living = this.#living.value.get(id);
    if (living) living.chat.givenTitle.value = given;
    else await this.#rewrite(id, (record) => ({ ...record, title: given }));
  }

  async pin(id: string, pinned: boolean): Promise<void> {
    const living = this.#living.value.get(id);
    if (living) living.chat.pinned.value = pinned;
    else await this.#rewrite(id, (record) => ({ ...record, pinned }));
  }

  async remove(id: string): Promise<void> {
    const living = this.#living.value.get(id);
    if (!living && this.#elsewhere.value.has(id)) throw elsewhere();
    const record = living ? this.#recordOf(living.chat, false) : await this.#read(id);
    const title = this.rows.value.find((row) => row.id === id)?.title ?? '';
    if (id === this.#held) this.#onHeldRemoved?.();
    // What its stages keep of it goes too.
    void (living?.chat ?? this.#make(id)).close();
    if (living) {
      this.#release(living);
      if (this.shown.value === living.chat) this.startNew();
    }
    await this.#store?.remove(id);
    this.#removed = { id, record, tokens: await (await this.#shelf())?.remove(id) };
    this.removed.value = { id, title };
    await this.load();
  }

  async undoRemove(): Promise<void> {
    const removed = this.#removed;
    this.removed.value = undefined;
    this.#removed = undefined;
    if (!removed) return;
    const store = this.#requireStore();
    if (removed.tokens) await (await this.#shelf())?.putBack(removed.tokens);
    await store.write(removed.id, removed.record);
    await this.load();
  }

  async markdown(id: string): Promise<File> {
    const { markdownFile } = await import('./chat-file.ts');
    return markdownFile(await this.#newest(id));
  }

  async json(id?: string): Promise<File> {
    const { jsonFile } = await import('./chat-file.ts');
    const ids = id === undefined ? this.rows.value.map((row) => row.id) : [id];
    return jsonFile(await Promise.all(ids.map((each) => this.#newest(each))));
  }

  async takeFile(file: File): Promise<void> {
    if (file.size > MAX_FILE_BYTES) {
      throw new ShoalError(
        'limit-exceeded',
        `${file.name} is larger than ${MAX_FILE_BYTES >> 20} MiB: no conversation.`,
      );
    }
    const { readChatsFile } = await import('./chat-file.ts');
    const store = this.#requireStore();
    const home = this.#home!;
    const contents = readChatsFile(await file.text(), file.name);
    for (const [index, { content, modelName }] of contents.entries()) {
      // In the order of the file, the first being the newest.
      const savedAtMs = Date.now() - index;
      const record = { ...entriesOf(content), home: home.id, modelName, savedAtMs, open: false };
      await store.write(randomId(), record);
    }
    await this.load();
  }

  #make(id: string): Chat {
    const keepTokens = (message: number, answer: NotedAnswer) => {
      this.#keepTokens(id, message, answer).catch(tokensLost);
    };
    return new Chat(id, this.#options.defaults(), { ...this.#options.parts(id), keepTokens });
  }

  /** Undefined where tokens are not kept, or its code does not come. */
  async #shelf(): Promise<TokenShelf | undefined> {
    return this.#store?.tokens?.get().catch((error: unknown) => {
      tokensLost(error);
      return undefined;
    });
  }

  async #keepTokens(chat: string, message: number, answer: NotedAnswer): Promise<void> {
    const shelf = await this.#shelf();
    // It may have been deleted.
    if (this.#living.value.has(chat)) await shelf?.write({ home: this.#home!.id, chat, message }, answer);
  }

  async #takeTokens(chat: Chat): Promise<void> {
    const shelf = await this.#shelf();
    if (shelf) chat.takeTokens(await shelf.read(this.#home!.id, chat.id));
  }

  /** @param record - undefined for one that has no message yet */
  #revive(id: string, record: ChatRecord | undefined): Chat {
    const chat = this.#make(id);
    this.#keep(chat);
    // Tokens mean something to their own model only.
    const running = record?.home === this.#home?.id ? record?.running : undefined;
    if (record) {
      void chat.restore(contentOf(record, running));
      this.#takeTokens(chat).catch(tokensLost);
    }
    return chat;
  }

  #show(chat: Chat): void {
    const before = this.shown.value;
    this.shown.value = chat;
    if (before !== chat) this.#releaseWhenDone(before);
  }

  /** An answer on its way goes on; then another tab may have the conversation. */
  #releaseWhenDone(chat: Chat): void {
    const stop = effect(() => {
      if (chat.busy.value) return;
      queueMicrotask(() => {
        stop();
        const living = this.#living.value.get(chat.id);
        if (living && this.shown.value !== chat && this.#held !== chat.id) this.#release(living);
      });
    });
  }

  /** Saves it as it grows. */
  #keep(chat: Chat): void {
    const saver = new ChatSaver(() => this.#save(chat, true));
    const stopSaving = effect(() => {
      chat.content();
      saver.soon();
    });
    const stopAwaiting = effect(() => {
      // A page may be reloaded as soon as the answer is there.
      if (chat.busy.value) void this.#shelf();
    });
    const stopWatching = () => {
      stopSaving();
      stopAwaiting();
    };
    this.#living.value = new Map(this.#living.value).set(chat.id, { chat, saver, stopWatching });
  }

  #release({ chat, saver, stopWatching }: LivingChat): void {
    stopWatching();
    saver.pause();
    const living = new Map(this.#living.value);
    living.delete(chat.id);
    this.#living.value = living;
    void this.#save(chat, false)
      .catch((error: unknown) => log.warn('CHAT', `A conversation was not kept: ${String(error)}`))
      .then(() => releaseKey(KIND, chat.id))
      .then(() => this.load());
  }

  async #save(chat: Chat, open: boolean): Promise<void> {
    if (chat.messages.value.length === 0) await this.#store?.remove(chat.id);
    else await this.#store?.write(chat.id, this.#recordOf(chat, open));
  }

  #recordOf(chat: Chat, open: boolean): ChatRecord {
    const { id: home, modelName } = this.#home!;
    return { ...entriesOf(chat.content()), home, modelName, savedAtMs: Date.now(), open };
  }

  async #newest(id: string): Promise<ChatRecord> {
    const living = this.#living.value.get(id);
    return living ? this.#recordOf(living.chat, true) : this.#read(id);
  }

  /** @throws ShoalError `bad-request` for one that has gone */
  async #read(id: string): Promise<ChatRecord> {
    const record = await this.#store?.read(id);
    if (record) return record;
    throw new ShoalError('bad-request', 'This conversation is not in this browser any more. It was deleted elsewhere.');
  }

  async #rewrite(id: string, change: (record: ChatRecord) => ChatRecord): Promise<void> {
    await this.#requireStore().write(id, change(await this.#read(id)));
    await this.load();
  }

  async #orphans(home: string): Promise<string[]> {
    const stored = (await this.#store?.list()) ?? [];
    const now = Date.now();
    return stored
      .filter(({ record }) => record.open && record.home === home && now - record.savedAtMs < MAX_ORPHAN_AGE_MS)
      .map(({ id }) => id);
  }

  #requireStore(): ConversationStore {
    if (this.#store) return this.#store;
    throw new ShoalError('bad-request', 'This browser keeps no conversations. Allow site data for this page.');
  }
}

function tokensLost(error: unknown): void {
  log.info('CHAT', `An answer's tokens are not there after a reload: ${String(error)}`);
}

function elsewhere(): ShoalError {
  return new ShoalError(
    'busy',
    'This conversation is open in another tab of this browser. Go on there, or close it there.',
  );
}
