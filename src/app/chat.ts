import { type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { ShoalEngine } from '../api/index.ts';
import { ShoalError } from '../core/errors.ts';
import type { GenerationSummary } from '../swarm/coordinator/generation.ts';
import type { ChatMessage, PromptSize } from './app-model.ts';
import { chatRequest, countToLeaveOut, GENERAL_TEMPERATURE, type PromptSettings, saidBefore } from './chat-request.ts';
import type { RunningAnswer, SavedConversation } from './saved-conversation.ts';

export interface ChatOptions {
  readonly engine: () => ShoalEngine;
  readonly contextLength: () => number;
  /** Of the newest answer. */
  readonly summary: ReadonlySignal<GenerationSummary | undefined>;
  /** Resolves when an answer that was begun before this page can go on. @throws when aborted */
  readonly untilReady: (running: RunningAnswer, signal: AbortSignal) => Promise<void>;
}

/** The conversation of the page. */
export class Chat {
  readonly messages: Signal<readonly ChatMessage[]> = signal([]);
  readonly busy: Signal<boolean> = signal(false);
  readonly #options: ChatOptions;
  #running: RunningAnswer | undefined;
  /** The last answer, where it came to no end, as far as it had come. */
  #broken: { readonly id: number; readonly running: RunningAnswer } | undefined;
  #stop = new AbortController();
  #nextId = 0;

  constructor(options: ChatOptions) {
    this.#options = options;
  }

  /**
   * Sends a prompt; the answer appears in `messages` as it comes, and so does what went wrong.
   * @returns false for a prompt that is too long: it is not in the conversation then
   */
  async send(text: string, settings: PromptSettings): Promise<boolean> {
    if (this.busy.value) return true;
    const { temperature, maxTokens, systemPrompt } = settings;
    const asked = this.#append({ role: 'user', text, state: 'done' });
    const id = this.#append({ role: 'assistant', text: '', state: 'streaming' });
    const running = { ...(temperature === undefined ? {} : { temperature }), maxTokens, systemPrompt };
    const error = await this.#answer(id, { ...running, promptIds: [], ids: [] }, false);
    const answer = this.messages.value.find((message) => message.id === id);
    if (error?.code !== 'context-full' || answer?.text !== '') return true;
    this.messages.value = this.messages.value.filter((message) => message.id !== id && message.id !== asked);
    return false;
  }

  /** Leaves the oldest turns out of this prompt and all to come, until it fits; they stay to be read. */
  async leaveOutOldest(text: string, settings: PromptSettings): Promise<void> {
    const said = saidBefore(this.messages.value);
    const count = await countToLeaveOut(this.#options.engine(), said, text, settings, this.#options.contextLength());
    const gone = new Set(said.slice(0, count).map(({ id }) => id));
    this.messages.value = this.messages.value.map((message) =>
      gone.has(message.id) ? { ...message, leftOut: true } : message,
    );
  }

  /** How many tokens the model would read with this prompt. */
  async promptSize(text: string, { systemPrompt }: PromptSettings): Promise<PromptSize> {
    const messages = [...saidBefore(this.messages.value), { role: 'user' as const, text }];
    return this.#options.engine().promptSize(chatRequest(messages, systemPrompt));
  }

  /** Goes on with an answer that was stopped or went wrong, from the tokens that are there. */
  async continueAnswer(): Promise<void> {
    const broken = this.#broken;
    if (this.busy.value || !broken || this.messages.value.at(-1)?.id !== broken.id) return;
    this.#change(broken.id, { state: 'streaming', error: undefined, note: undefined, continuable: false });
    await this.#answer(broken.id, broken.running, false);
  }

  /** Takes a conversation up where an earlier page left it; an answer that was being made goes on. */
  async restore({ messages, running }: SavedConversation): Promise<void> {
    if (this.messages.value.length > 0) return;
    // Its tokens went with the page that had them.
    for (const message of messages) this.#append({ ...message, continuable: false });
    const last = this.messages.value.at(-1);
    if (last?.state !== 'streaming') return;
    if (running) await this.#answer(last.id, running, true);
    else this.#change(last.id, { state: 'stopped' });
  }

  /** What a page that opens later takes up. */
  snapshot(): SavedConversation {
    return {
      messages: this.messages.value.map(({ id: _, ...message }) => message),
      ...(this.#running ? { running: this.#running } : {}),
    };
  }

  stop(): void {
    if (!this.busy.value) return;
    this.#stop.abort();
    void this.#options.engine().interruptGenerate();
  }

  clear(): void {
    this.stop();
    // A program's answer whose reader has gone would hold the next one up.
    void this.#options.engine().interruptGenerate();
    this.messages.value = [];
  }

  /** @returns what went wrong */
  async #answer(id: number, running: RunningAnswer, restored: boolean): Promise<ShoalError | undefined> {
    this.busy.value = true;
    this.#running = running;
    this.#broken = undefined;
    const stop = new AbortController();
    this.#stop = stop;
    try {
      if (restored) await this.#options.untilReady(running, stop.signal);
      const { finish, tokens } = await this.#read(id, running, stop.signal);
      const note = this.#note(finish, tokens);
      if (finish === 'abort') this.#breakOff(id, { state: 'stopped', note });
      else this.#change(id, { state: 'done', note });
      return undefined;
    } catch (thrown) {
      const error = ShoalError.from(thrown);
      this.#breakOff(id, error.code === 'aborted' ? { state: 'stopped' } : { state: 'error', error: error.message });
      return error;
    } finally {
      this.#running = undefined;
      this.busy.value = false;
    }
  }

  #breakOff(id: number, change: Partial<ChatMessage>): void {
    if (this.#running) this.#broken = { id, running: this.#running };
    this.#change(id, { ...change, continuable: true });
  }

  /** @returns how the answer ended, and its tokens */
  async #read(
    id: number,
    running: RunningAnswer,
    signal: AbortSignal,
  ): Promise<{ finish: string | null; tokens: number }> {
    const { maxTokens, systemPrompt, promptIds } = running;
    const engine = this.#options.engine();
    const temperature = running.temperature ?? (await engine.samplingDefaults()).temperature ?? GENERAL_TEMPERATURE;
    const history = saidBefore(this.messages.value.filter((message) => message.id !== id));
    const request = {
      ...chatRequest(history, systemPrompt),
      stream: true,
      temperature,
      max_tokens: maxTokens,
    } as const;
    let tokens = 0;
    const chunks = engine.keptChatCompletion(request, {
      // A page that went before the prompt was encoded has left nothing to go on from but the messages.
      begun: promptIds.length > 0 ? running : undefined,
      onProgress: (answer) => {
        tokens = answer.ids.length;
        if (this.#running) this.#running = { ...this.#running, ...answer };
      },
      signal,
    });
    let text = '';
    let finish: string | null = null;
    for await (const chunk of chunks) {
      text += chunk.choices[0]?.delta.content ?? '';
      finish = chunk.choices[0]?.finish_reason ?? finish;
      this.#change(id, { text });
    }
    return { finish, tokens };
  }

  #note(finish: string | null, tokens: number): string | undefined {
    const summary = this.#options.summary.value;
    if (!summary) return undefined;
    const { completionTokens, decodeMs, promptTokens, reusedTokens, prefillMs } = summary;
    const speed =
      decodeMs > 0 && completionTokens > 1
        ? ` · ${((1000 * (completionTokens - 1)) / decodeMs).toFixed(1)} tokens/s`
        : '';
    const prompt = ` · ${promptTokens - reusedTokens} new prompt tokens in ${(prefillMs / 1000).toFixed(1)} s`;
    return `${tokens} tokens${speed}${prompt}${finish === 'length' ? ' · ended at the length limit' : ''}`;
  }

  #append(message: Pick<ChatMessage, 'role' | 'text' | 'state'> & Partial<ChatMessage>): number {
    const id = this.#nextId++;
    this.messages.value = [...this.messages.value, { error: undefined, note: undefined, ...message, id }];
    return id;
  }

  #change(id: number, change: Partial<ChatMessage>): void {
    this.messages.value = this.messages.value.map((message) =>
      message.id === id ? { ...message, ...change } : message,
    );
  }
}
