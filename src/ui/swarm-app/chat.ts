import { type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { ShoalEngine } from '../../api/index.ts';
import { ShoalError } from '../../core/errors.ts';
import type { GeneratedToken, GenerationRequest, GenerationSummary, Generator, Lap } from '../../swarm/generation.ts';
import type { ChatMessage, Settings } from '../app-model.ts';

/** Speed is shown over the newest tokens, so that it follows what happens now. */
const SPEED_WINDOW_TOKENS = 16;

/** Lets the page look on while tokens are made, whoever asked for them: the chat or a program at the console. */
export class WatchedGenerator implements Generator {
  readonly lap: Signal<Lap | undefined> = signal(undefined);
  readonly tokensPerSecond: Signal<number | undefined> = signal(undefined);
  readonly progressNote: Signal<string | undefined> = signal(undefined);
  readonly summary: Signal<GenerationSummary | undefined> = signal(undefined);
  readonly #generator: () => Generator;

  constructor(generator: () => Generator) {
    this.#generator = generator;
  }

  async *generate(request: GenerationRequest): AsyncGenerator<GeneratedToken, GenerationSummary> {
    const times: number[] = [];
    this.tokensPerSecond.value = undefined;
    this.summary.value = undefined;
    const tokens = this.#generator().generate({
      ...request,
      onPrefill: (progress) => {
        this.progressNote.value = `Reading the prompt: ${progress.doneTokens} of ${progress.totalTokens} tokens`;
        request.onPrefill?.(progress);
      },
    });
    this.progressNote.value = 'Reading the prompt…';
    try {
      for (;;) {
        const next = await tokens.next();
        if (next.done) {
          this.summary.value = next.value;
          return next.value;
        }
        times.push(performance.now());
        if (times.length > SPEED_WINDOW_TOKENS) times.shift();
        if (times.length > 1) this.tokensPerSecond.value = (1000 * (times.length - 1)) / (times.at(-1)! - times[0]!);
        this.progressNote.value = undefined;
        this.lap.value = next.value.lap;
        yield next.value;
      }
    } finally {
      this.progressNote.value = undefined;
      // A reader that leaves early ends the answer below as well: it is read by hand, so nothing else would.
      await tokens.return(undefined as never);
    }
  }
}

/** The conversation of the page. */
export class Chat {
  readonly messages: Signal<readonly ChatMessage[]> = signal([]);
  readonly busy: Signal<boolean> = signal(false);
  readonly #engine: () => ShoalEngine;
  readonly #summary: ReadonlySignal<GenerationSummary | undefined>;
  #nextId = 0;

  constructor(engine: () => ShoalEngine, summary: ReadonlySignal<GenerationSummary | undefined>) {
    this.#engine = engine;
    this.#summary = summary;
  }

  /** Sends a prompt; the answer appears in `messages` as it comes, and so does what went wrong. */
  async send(text: string, settings: Settings): Promise<void> {
    if (this.busy.value) return;
    this.busy.value = true;
    const history = this.messages.value.filter(({ state, text: said }) => state !== 'error' || said !== '');
    this.#append({ role: 'user', text, state: 'done' });
    const id = this.#append({ role: 'assistant', text: '', state: 'streaming' });
    let answer = '';
    try {
      const chunks = await this.#engine().chat.completions.create({
        stream: true,
        temperature: settings.temperature,
        max_tokens: settings.maxTokens,
        messages: [
          ...(settings.systemPrompt ? [{ role: 'system' as const, content: settings.systemPrompt }] : []),
          ...history.map(({ role, text: content }) => ({ role, content })),
          { role: 'user' as const, content: text },
        ],
      });
      let finish: string | null = null;
      for await (const chunk of chunks) {
        answer += chunk.choices[0]?.delta.content ?? '';
        finish = chunk.choices[0]?.finish_reason ?? finish;
        this.#change(id, { text: answer });
      }
      this.#change(id, { state: finish === 'abort' ? 'stopped' : 'done', note: this.#note(finish) });
    } catch (error) {
      this.#change(id, { state: 'error', error: ShoalError.from(error).message });
    } finally {
      this.busy.value = false;
    }
  }

  stop(): void {
    if (this.busy.value) void this.#engine().interruptGenerate();
  }

  clear(): void {
    this.stop();
    this.messages.value = [];
  }

  #note(finish: string | null): string | undefined {
    const summary = this.#summary.value;
    if (!summary) return undefined;
    const { completionTokens, decodeMs, promptTokens, reusedTokens, prefillMs } = summary;
    const speed =
      decodeMs > 0 && completionTokens > 1
        ? ` · ${((1000 * (completionTokens - 1)) / decodeMs).toFixed(1)} tokens/s`
        : '';
    const prompt = ` · ${promptTokens - reusedTokens} new prompt tokens in ${(prefillMs / 1000).toFixed(1)} s`;
    return `${completionTokens} tokens${speed}${prompt}${finish === 'length' ? ' · ended at the length limit' : ''}`;
  }

  #append(message: Pick<ChatMessage, 'role' | 'text' | 'state'>): number {
    const id = this.#nextId++;
    this.messages.value = [...this.messages.value, { id, error: undefined, note: undefined, ...message }];
    return id;
  }

  #change(id: number, change: Partial<ChatMessage>): void {
    this.messages.value = this.messages.value.map((message) =>
      message.id === id ? { ...message, ...change } : message,
    );
  }
}
