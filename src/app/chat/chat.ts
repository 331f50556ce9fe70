import { computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { ShoalEngine } from '../../api/index.ts';
import { ShoalError } from '../../core/errors.ts';
import type { TokenTable } from '../../tokenizer/index.ts';
import { formatNumber } from '../../words/format.ts';
import { words } from '../../words/words.ts';
import type { AnswerToken, ChatMessage, PromptSize, Speaker } from '../app-model.ts';
import type { AnswerProgress } from '../watched-generator.ts';
import type { AnswerOptions } from './answer-options.ts';
import { AnswerTokens, type NotedAnswer } from './answer-tokens.ts';
import type { ChatContent, RunningAnswer } from './chat-record.ts';
import { chatRequest, countToLeaveOut, GENERAL_TEMPERATURE, saidBefore, samplingFields } from './chat-request.ts';
import { chatTitle } from './chat-title.ts';
import {
  alternatives,
  changed,
  EMPTY_TREE,
  type MessageTree,
  newestBelow,
  pathTo,
  ShownMessages,
  type TreeMessage,
  without,
} from './message-tree.ts';

export interface ChatParts {
  /** The conversation's own: it answers beside those of others. */
  readonly engine: ShoalEngine;
  readonly progress: AnswerProgress;
  readonly contextLength: () => number;
  /** Resolves when an answer that was begun before this page can go on. @throws when aborted */
  readonly untilReady: (running: RunningAnswer, signal: AbortSignal) => Promise<void>;
  /** An answer has ended: keeps its tokens for later pages. */
  readonly keepTokens?: (messageId: number, answer: NotedAnswer) => void;
}

/** One conversation: a tree of messages, of which one branch is shown and spoken to. */
export class Chat {
  readonly id: string;
  readonly messages: ReadonlySignal<readonly ChatMessage[]>;
  readonly busy: Signal<boolean> = signal(false);
  readonly options: Signal<AnswerOptions>;
  /** By its owner; else the first words. */
  readonly givenTitle: Signal<string | undefined> = signal(undefined);
  readonly title: ReadonlySignal<string>;
  readonly pinned: Signal<boolean> = signal(false);
  readonly progress: AnswerProgress;
  readonly #parts: ChatParts;
  readonly #tree: Signal<MessageTree> = signal(EMPTY_TREE);
  readonly #tokens = new AnswerTokens();
  #running: RunningAnswer | undefined;
  /** An answer that came to no end, as far as it had come. */
  #broken: { readonly id: number; readonly running: RunningAnswer } | undefined;
  #stop = new AbortController();

  constructor(id: string, options: AnswerOptions, parts: ChatParts) {
    this.id = id;
    this.options = signal(options);
    this.progress = parts.progress;
    this.#parts = parts;
    const shown = new ShownMessages();
    this.messages = computed(() => shown.of(this.#tree.value));
    this.title = computed(() => this.givenTitle.value ?? chatTitle(this.messages.value));
  }

  /**
   * Sends a prompt; the answer appears in `messages` as it comes, and so does what went wrong.
   * @param by - who asks, where it is not this tab
   * @returns false for a prompt that is too long: it is not in the conversation then
   */
  send(text: string, by?: Speaker): Promise<boolean> {
    return this.#ask(text, this.#tree.value.leaf, by);
  }

  /** Asks otherwise what was asked: a branch beside the old one. @returns as `send` */
  async edit(id: number, text: string): Promise<boolean> {
    const question = this.#find(id);
    return question ? this.#ask(text, question.parent) : true;
  }

  /** Answers once more: a branch beside the old answer. */
  async regenerate(id: number): Promise<void> {
    const old = this.#find(id);
    if (this.busy.value || !old) return;
    await this.#answer(this.#append({ role: 'assistant', text: '', state: 'streaming' }, old.parent));
  }

  hasTokens(id: number): boolean {
    return this.#tokens.has(id);
  }

  /** The tokens of an answer, as people read them; none where they were not kept. */
  tokensOf(id: number, table: TokenTable): readonly AnswerToken[] {
    return this.#tokens.rows(id, table);
  }

  /** Remembers the tokens that earlier pages have kept, by message. */
  takeTokens(earlier: ReadonlyMap<number, NotedAnswer>): void {
    this.#tokens.take(earlier);
  }

  /**
   * Answers once more from a place of an answer on: a branch beside it, with the same tokens before.
   * @param other - which of the place's other tokens stands there; undefined to draw anew
   */
  async goOnFrom(id: number, place: number, other: number | undefined): Promise<void> {
    const old = this.#find(id);
    const begun = this.#tokens.begin(id, place, other);
    if (this.busy.value || !old || !begun) return;
    const branch = this.#append({ role: 'assistant', text: begun.before, state: 'streaming' }, old.parent);
    await this.#answer(branch, { ...begun, options: this.options.value });
  }

  /** Shows the branch of another message that follows the same one, so many places on. */
  showBranch(id: number, step: number): void {
    const tree = this.#tree.value;
    const message = this.#find(id);
    if (!message) return;
    const siblings = alternatives(tree, message);
    const other = siblings[siblings.indexOf(message) + step];
    if (other) this.#tree.value = { ...tree, leaf: newestBelow(tree, other.id) };
  }

  /** Leaves the oldest turns out of this prompt and all to come, until it fits; they stay to be read. */
  async leaveOutOldest(text: string): Promise<void> {
    const said = saidBefore(this.messages.value);
    const count = await countToLeaveOut(
      this.#parts.engine,
      said,
      text,
      this.options.value,
      this.#parts.contextLength(),
    );
    for (const { id } of said.slice(0, count)) this.#change(id, { leftOut: true });
  }

  /** How many tokens the model would read with this prompt. */
  async promptSize(text: string): Promise<PromptSize> {
    const messages = [...saidBefore(this.messages.value), { role: 'user' as const, text }];
    return this.#parts.engine.promptSize(chatRequest(messages, this.options.value.systemPrompt));
  }

  /** Whether the model would read all of this prompt. */
  async fits(text: string): Promise<boolean> {
    return (await this.promptSize(text)).tokens < this.#parts.contextLength();
  }

  /** Goes on with the last answer, from the tokens that are there, or from its text where an earlier page had them. */
  async continueAnswer(): Promise<void> {
    const last = this.messages.value.at(-1);
    if (this.busy.value || !last?.continuable) return;
    this.#change(last.id, { state: 'streaming', error: undefined, note: undefined, continuable: false });
    const kept = this.#broken?.id === last.id ? this.#broken.running : undefined;
    // One that came to its limit has as much room again.
    const maxTokens = (kept?.ids.length ?? 0) + this.options.value.maxTokens;
    await this.#answer(last.id, kept ? { ...kept, options: { ...kept.options, maxTokens } } : undefined);
  }

  /** Takes a conversation up where an earlier page left it; an answer that was being made goes on. */
  async restore({ tree, running, options, givenTitle, pinned }: ChatContent): Promise<void> {
    if (this.messages.value.length > 0) return;
    this.options.value = options;
    this.givenTitle.value = givenTitle;
    this.pinned.value = pinned;
    this.#tree.value = tree;
    const cut = tree.messages.find(({ state }) => state === 'streaming');
    if (!cut) return;
    if (running) await this.#answer(cut.id, running, true);
    else this.#change(cut.id, { state: 'stopped', continuable: true });
  }

  /** What a page that opens later takes up. */
  content(): ChatContent {
    const [tree, options, givenTitle, pinned] = [this.#tree, this.options, this.givenTitle, this.pinned];
    return {
      tree: tree.value,
      options: options.value,
      givenTitle: givenTitle.value,
      pinned: pinned.value,
      running: this.#running,
    };
  }

  stop(): void {
    if (!this.busy.value) return;
    this.#stop.abort();
    void this.#parts.engine.interruptGenerate();
  }

  /** Ends what runs, and gives its caches back. */
  async close(): Promise<void> {
    this.stop();
    await this.#parts.engine.resetChat();
  }

  async #ask(text: string, parent: number | undefined, by?: Speaker): Promise<boolean> {
    if (this.busy.value) return true;
    const before = this.#tree.value.leaf;
    const asked = this.#append({ role: 'user', text, state: 'done', by }, parent);
    const id = this.#append({ role: 'assistant', text: '', state: 'streaming' }, asked);
    const error = await this.#answer(id);
    if (error?.code !== 'context-full' || this.#find(id)?.text !== '') return true;
    this.#tree.value = { ...without(this.#tree.value, new Set([asked, id])), leaf: before };
    return false;
  }

  /** @param begun - what an earlier run came to @returns what went wrong */
  async #answer(id: number, begun?: RunningAnswer, restored = false): Promise<ShoalError | undefined> {
    const before = begun?.before ?? this.#find(id)?.text ?? '';
    const running = begun ?? { options: this.options.value, before, promptIds: [], ids: [] };
    this.busy.value = true;
    this.#running = running;
    this.#broken = undefined;
    const stop = new AbortController();
    this.#stop = stop;
    try {
      if (restored) await this.#parts.untilReady(running, stop.signal);
      const { finish, tokens } = await this.#read(id, running, stop.signal);
      const note = this.#note(finish, tokens);
      if (finish === 'abort') this.#breakOff(id, { state: 'stopped', note });
      else if (finish === 'length') this.#breakOff(id, { state: 'done', note });
      else this.#change(id, { state: 'done', note });
      return undefined;
    } catch (thrown) {
      const error = ShoalError.from(thrown);
      this.#breakOff(id, failedBy(error));
      return error;
    } finally {
      if (this.#running) this.#parts.keepTokens?.(id, this.#tokens.note(id, this.#running, this.progress.drawn));
      this.#running = undefined;
      this.busy.value = false;
    }
  }

  #breakOff(id: number, change: Partial<TreeMessage>): void {
    if (this.#running) this.#broken = { id, running: this.#running };
    this.#change(id, { ...change, continuable: true });
  }

  /** @returns how the answer ended, and its tokens */
  async #read(
    id: number,
    { options, promptIds, ids, before }: RunningAnswer,
    signal: AbortSignal,
  ): Promise<{ finish: string | null; tokens: number }> {
    const { systemPrompt, maxTokens, ...sampling } = options;
    const { engine } = this.#parts;
    const temperature = sampling.temperature ?? (await engine.samplingDefaults()).temperature ?? GENERAL_TEMPERATURE;
    // The message itself is the last where the model is to go on with its text.
    const history = saidBefore(pathTo(this.#tree.value, before === '' ? this.#find(id)?.parent : id));
    const request = {
      ...chatRequest(history, systemPrompt),
      ...samplingFields({ ...sampling, temperature }),
      stream: true,
      max_tokens: maxTokens,
    } as const;
    let tokens = 0;
    const chunks = engine.keptChatCompletion(request, {
      // A page that went before the prompt was encoded has left nothing to go on from but the messages.
      begun: promptIds.length > 0 ? { promptIds, ids } : undefined,
      onProgress: (answer) => {
        tokens = answer.ids.length;
        if (this.#running) this.#running = { ...this.#running, ...answer };
      },
      signal,
    });
    let text = before;
    let finish: string | null = null;
    for await (const chunk of chunks) {
      text += chunk.choices[0]?.delta.content ?? '';
      finish = chunk.choices[0]?.finish_reason ?? finish;
      this.#change(id, { text });
    }
    return { finish, tokens };
  }

  #note(finish: string | null, tokens: number): string | undefined {
    const summary = this.progress.summary.value;
    if (!summary) return undefined;
    const { completionTokens, decodeMs, promptTokens, reusedTokens, prefillMs } = summary;
    const said = words();
    const speed =
      decodeMs > 0 && completionTokens > 1
        ? said.tokensPerSecond(formatNumber((1000 * (completionTokens - 1)) / decodeMs, 1))
        : '';
    const first =
      completionTokens > 0
        ? said.chat.firstTokenAfter(formatNumber(prefillMs / 1000, 1), promptTokens - reusedTokens)
        : '';
    const tabs = new Set(this.progress.drawn.flatMap(({ lap }) => lap.stages.map(({ peerId }) => peerId))).size;
    const on = tabs > 0 ? said.chat.onTabs(tabs) : '';
    const limit = finish === 'length' ? said.chat.lengthLimit : '';
    return [said.tokens(String(tokens)), speed, first, on, limit].filter(Boolean).join(' · ');
  }

  #find(id: number): TreeMessage | undefined {
    return this.#tree.value.messages.find((message) => message.id === id);
  }

  /** Shown at once, as the last. */
  #append(message: Pick<TreeMessage, 'role' | 'text' | 'state' | 'by'>, parent: number | undefined): number {
    const { messages } = this.#tree.value;
    const id = 1 + Math.max(-1, ...messages.map((other) => other.id));
    const added = { error: undefined, note: undefined, ...message, id, parent };
    this.#tree.value = { messages: [...messages, added], leaf: id };
    return id;
  }

  #change(id: number, change: Partial<TreeMessage>): void {
    this.#tree.value = changed(this.#tree.value, id, change);
  }
}

/** What a message shows of it. */
function failedBy({ code, message }: ShoalError): Partial<TreeMessage> {
  return code === 'aborted' ? { state: 'stopped' } : { state: 'error', error: message, errorCode: code };
}
