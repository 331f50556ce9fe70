import { type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { ShoalEngine } from '../../api/index.ts';
import { ShoalError } from '../../core/errors.ts';
import type { GenerationSummary } from '../../swarm/coordinator/generation.ts';
import type { ChatMessage, Settings } from '../app-model.ts';
import type { RunningAnswer, SavedConversation } from './saved-conversation.ts';

export interface ChatOptions {
  readonly engine: () => ShoalEngine;
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
  #stop = new AbortController();
  #nextId = 0;

  constructor(options: ChatOptions) {
    this.#options = options;
  }

  /** Sends a prompt; the answer appears in `messages` as it comes, and so does what went wrong. */
  async send(text: string, { temperature, maxTokens, systemPrompt }: Settings): Promise<void> {
    if (this.busy.value) return;
    this.#append({ role: 'user', text, state: 'done' });
    const id = this.#append({ role: 'assistant', text: '', state: 'streaming' });
    await this.#answer(id, { temperature, maxTokens, systemPrompt, promptIds: [], ids: [] }, false);
  }

  /** Takes a conversation up where an earlier page left it; an answer that was being made goes on. */
  async restore({ messages, running }: SavedConversation): Promise<void> {
    if (this.messages.value.length > 0) return;
    for (const message of messages) this.#append(message);
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
    this.messages.value = [];
  }

  async #answer(id: number, running: RunningAnswer, restored: boolean): Promise<void> {
    this.busy.value = true;
    this.#running = running;
    const stop = new AbortController();
    this.#stop = stop;
    try {
      if (restored) await this.#options.untilReady(running, stop.signal);
      const { finish, tokens } = await this.#read(id, running);
      this.#running = undefined;
      this.#change(id, { state: finish === 'abort' ? 'stopped' : 'done', note: this.#note(finish, tokens) });
    } catch (thrown) {
      const error = ShoalError.from(thrown);
      this.#running = undefined;
      this.#change(id, error.code === 'aborted' ? { state: 'stopped' } : { state: 'error', error: error.message });
    } finally {
      this.busy.value = false;
    }
  }

  /** @returns how the answer ended, and its tokens */
  async #read(id: number, running: RunningAnswer): Promise<{ finish: string | null; tokens: number }> {
    const { temperature, maxTokens, systemPrompt, promptIds } = running;
    const history = this.messages.value.filter(
      (message) => message.id !== id && (message.state !== 'error' || message.text !== ''),
    );
    const request = {
      stream: true,
      temperature,
      max_tokens: maxTokens,
      messages: [
        ...(systemPrompt ? [{ role: 'system' as const, content: systemPrompt }] : []),
        ...history.map(({ role, text: content }) => ({ role, content })),
      ],
    };
    let tokens = 0;
    const chunks = this.#options.engine().keptChatCompletion(request, {
      // A page that went before the prompt was encoded has left nothing to go on from but the messages.
      begun: promptIds.length > 0 ? running : undefined,
      onProgress: (answer) => {
        tokens = answer.ids.length;
        if (this.#running) this.#running = { ...this.#running, ...answer };
      },
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
