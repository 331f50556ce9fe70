import type {
  AppConfig,
  Chat,
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletionRequest,
  ChatCompletionRequestBase,
  ChatCompletionRequestNonStreaming,
  ChatCompletionRequestStreaming,
  ChatOptions,
  Completion,
  CompletionCreateParams,
  CompletionCreateParamsBase,
  CompletionCreateParamsNonStreaming,
  CompletionCreateParamsStreaming,
  Completions,
  CompletionUsage,
  CreateEmbeddingResponse,
  EmbeddingCreateParams,
  Embeddings,
  InitProgressCallback,
  LogLevel,
  MLCEngineInterface,
  ResumeChatCompletionOptions,
  ResumeProbeResult,
  ResumeResult,
} from '@mlc-ai/web-llm';
import { ShoalError } from '../core/errors.ts';
import { Turns } from '../core/turns.ts';
import { DEFAULT_SAMPLING } from '../swarm/coordinator/sampler.ts';
import type { SamplingDefaults } from '../tokenizer/index.ts';
import { type PromptSize, sizeOf } from '../tokenizer/model-text.ts';
import { chatPrompt } from './chat-prompt.ts';
import { gpuVendor, maxStorageBufferBindingSize } from './gpu-facts.ts';
import { readToTheEnd } from './read-to-the-end.ts';
import { planChat, planText } from './request.ts';
import { checkModel, type Job, type JobContext, type JobEvent, type Keeping, runJob } from './run.ts';
import { CHAT_SHAPE, type Choice, type ResponseHead, type Shape, TEXT_SHAPE } from './shapes.ts';
import { type CalledFunction, withCalls } from './structured/called-function.ts';

/** The generator's conversations of an engine: of chat completions, of completions, of tokens that are fed by hand. */
const CONVERSATIONS = ['chat', 'text', 'forward'] as const;
type ConversationKind = (typeof CONVERSATIONS)[number];

/** What an engine is built over. Functions, because a tab learns its model after the engine is there. */
export interface EngineOptions extends Omit<JobContext, 'signal'> {
  /** Tells this engine's conversations from those of others over the same generator. */
  readonly name?: string;
  /** Gives a conversation's KV caches back. */
  readonly forget?: (conversation: string) => Promise<void>;
}

/**
 * WebLLM's engine over a swarm: an app that was written for `MLCEngine` goes on by changing the engine. Requests run one
 * at a time, in order. What has no meaning in a swarm throws a ShoalError `bad-request` that says why.
 */
export class ShoalEngine implements MLCEngineInterface {
  // WebLLM's classes carry a private field and a bundle of 6 MB; these are what their users see of them.
  readonly chat = { completions: { create: (request: ChatCompletionRequest) => this.chatCompletion(request) } } as Chat;
  readonly completions = { create: (request: CompletionCreateParams) => this.completion(request) } as Completions;
  readonly embeddings = { create: (request: EmbeddingCreateParams) => this.embedding(request) } as Embeddings;
  readonly #options: EngineOptions;
  readonly #turns = new Turns();
  #interrupt = new AbortController();
  #message = '';
  #usage: CompletionUsage | undefined;
  #forwarded: number[] = [];
  #initProgress: InitProgressCallback | undefined;

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  /**
   * Another engine over the same swarm: it has conversations of its own, and answers while this one does.
   * @param name - an engine of the same name goes on with the same conversations
   */
  beside(name: string): ShoalEngine {
    return new ShoalEngine({ ...this.#options, name });
  }

  chatCompletion(request: ChatCompletionRequestNonStreaming): Promise<ChatCompletion>;
  chatCompletion(request: ChatCompletionRequestStreaming): Promise<AsyncIterable<ChatCompletionChunk>>;
  chatCompletion(request: ChatCompletionRequestBase): Promise<AsyncIterable<ChatCompletionChunk> | ChatCompletion>;
  /** @throws ShoalError `bad-request`, `context-full`, `shard-missing`, `peer-gone`; of a stream, also while it is read */
  async chatCompletion(request: ChatCompletionRequest): Promise<AsyncIterable<ChatCompletionChunk> | ChatCompletion> {
    const job = await this.#chatJob(request);
    return request.stream ? this.#stream(job, CHAT_SHAPE) : this.#whole(job, CHAT_SHAPE);
  }

  /**
   * As `chatCompletion` with `stream`, for an app that keeps its answers: tells the exact tokens, and goes on from those
   * of an earlier run. Makes one choice.
   */
  async *keptChatCompletion(
    request: ChatCompletionRequest,
    keeping: Keeping,
  ): AsyncGenerator<ChatCompletionChunk, void> {
    const job = await this.#chatJob(request);
    yield* this.#stream({ ...job, plan: { ...job.plan, choices: 1 }, keeping }, CHAT_SHAPE);
  }

  completion(request: CompletionCreateParamsNonStreaming): Promise<Completion>;
  completion(request: CompletionCreateParamsStreaming): Promise<AsyncIterable<Completion>>;
  completion(request: CompletionCreateParamsBase): Promise<AsyncIterable<Completion> | Completion>;
  /** @throws ShoalError as `chatCompletion` */
  async completion(request: CompletionCreateParams): Promise<AsyncIterable<Completion> | Completion> {
    const { prompt } = request;
    if (typeof prompt !== 'string') throw new ShoalError('bad-request', 'The request\'s "prompt" must be one string.');
    if (request.suffix) throw new ShoalError('bad-request', '"suffix" is not supported. Leave it out of the request.');
    if ((request.best_of ?? 1) > 1)
      throw new ShoalError('bad-request', '"best_of" is not supported. Ask for "n" choices and take the best.');
    const job: Job = {
      plan: planText(request),
      model: request.model,
      prompt: { kind: 'text', text: prompt },
      echo: request.echo ? prompt : '',
      conversation: this.#conversation('text'),
      receivedAtMs: performance.now(),
    };
    return request.stream ? this.#stream(job, TEXT_SHAPE) : this.#whole(job, TEXT_SHAPE);
  }

  async embedding(_request: EmbeddingCreateParams): Promise<CreateEmbeddingResponse> {
    throw new ShoalError('bad-request', 'The swarm serves a chat model; it has no embeddings.');
  }

  /**
   * How many tokens a chat request gives the model to read; not exactly where they are more than its context.
   * @throws ShoalError `bad-request`, as `chatCompletion`
   */
  async promptSize(request: ChatCompletionRequest): Promise<PromptSize> {
    const { prompt, structure } = await readPrompt(request);
    const text = await this.#options.text();
    const told = structure?.tell(prompt, text.toolFormat) ?? prompt;
    return sizeOf(await text.encode(told, this.#options.contextLength()));
  }

  /** The model that answers name; empty while the tab has not learned it. */
  modelId(): string {
    return this.#options.modelId();
  }

  /** How the model's answers are drawn where a request does not say. */
  async samplingDefaults(): Promise<SamplingDefaults> {
    return (await this.#options.text()).sampling;
  }

  /** Ends the answer that is being made, whether somebody reads it or not; it finishes as `abort`. */
  async interruptGenerate(): Promise<void> {
    this.#interrupt.abort();
  }

  /** Forgets what was said; the swarm's KV caches are given back. */
  async resetChat(keepStats = false): Promise<void> {
    this.#message = '';
    this.#forwarded = [];
    if (!keepStats) this.#usage = undefined;
    await Promise.all(CONVERSATIONS.map((kind) => this.#options.forget?.(this.#conversation(kind))));
  }

  /** The answer as far as it has come. */
  async getMessage(): Promise<string> {
    return this.#message;
  }

  async runtimeStatsText(): Promise<string> {
    const { prefill_tokens_per_s = 0, decode_tokens_per_s = 0 } = this.#usage?.extra ?? {};
    return `prefill: ${prefill_tokens_per_s.toFixed(4)} tokens/sec, decoding: ${decode_tokens_per_s.toFixed(4)} tokens/sec`;
  }

  /** A swarm serves one model: waits until it can be spoken to. @throws ShoalError `bad-request` for another */
  async reload(modelId: string | string[], chatOpts?: ChatOptions | ChatOptions[]): Promise<void> {
    if (chatOpts !== undefined)
      throw new ShoalError('bad-request', 'A swarm has no chat options. Set sampling with each request.');
    const startedAtMs = performance.now();
    const report = (progress: number, text: string): void =>
      this.#initProgress?.({ progress, timeElapsed: (performance.now() - startedAtMs) / 1000, text });
    report(0, 'Fetching the tokenizer');
    await this.#options.text();
    const served = this.#options.modelId();
    for (const wanted of [modelId].flat()) checkModel(wanted, served);
    report(1, `The swarm serves ${served}`);
  }

  /** Ends what runs and forgets it; the shards of this tab stay, as others use them. */
  async unload(): Promise<void> {
    await this.interruptGenerate();
    await this.resetChat();
  }

  setInitProgressCallback(callback: InitProgressCallback): void {
    this.#initProgress = callback;
  }

  getInitProgressCallback(): InitProgressCallback | undefined {
    return this.#initProgress;
  }

  setAppConfig(_config: AppConfig): void {
    throw new ShoalError('bad-request', 'A swarm has no list of models: its invite link names the one that it serves.');
  }

  /** The engine itself writes no log lines, so every level is kept. */
  setLogLevel(_level: LogLevel): void {}

  async listResumableSessions(): Promise<ResumeProbeResult[]> {
    return [];
  }

  async resumeChatCompletion(
    sessionId: string,
    _options?: ResumeChatCompletionOptions,
  ): Promise<ResumeResult | AsyncIterable<ChatCompletionChunk>> {
    throw new ShoalError('bad-request', `No session "${sessionId}" was kept: a swarm stores no generations.`);
  }

  async deleteResumableSession(sessionId: string): Promise<void> {
    throw new ShoalError('bad-request', `No session "${sessionId}" was kept: a swarm stores no generations.`);
  }

  getMaxStorageBufferBindingSize(): Promise<number> {
    return maxStorageBufferBindingSize();
  }

  getGPUVendor(): Promise<string> {
    return gpuVendor();
  }

  /** Adds tokens to those that earlier calls gave, since the last `resetChat`, and picks the next, greedy. */
  async forwardTokensAndSample(inputIds: number[], _isPrefill: boolean): Promise<number> {
    const release = await this.#turns.take();
    try {
      const promptIds = [...this.#forwarded, ...inputIds];
      const request = {
        promptIds,
        maxTokens: 1,
        stopIds: new Set<number>(),
        topLogprobs: 0,
        sampling: DEFAULT_SAMPLING,
      };
      const conversation = this.#conversation('forward');
      for await (const { id } of this.#options.generator.generate({ ...request, conversation })) {
        this.#forwarded = promptIds;
        return id;
      }
      throw new ShoalError('internal', 'The swarm gave no token.');
    } finally {
      release();
    }
  }

  async #chatJob(request: ChatCompletionRequest): Promise<Job> {
    const receivedAtMs = performance.now();
    return {
      ...(await readPrompt(request)),
      plan: planChat(request),
      model: request.model,
      echo: '',
      conversation: this.#conversation('chat'),
      receivedAtMs,
    };
  }

  async #whole<Chunk, Whole>(job: Job, shape: Shape<Chunk, Whole>): Promise<Whole> {
    const texts: string[] = [];
    const thoughts: string[] = [];
    const calls: CalledFunction[][] = [];
    const logprobs: NonNullable<Choice['logprobs']>[] = [];
    const choices: Choice[] = [];
    let usage: CompletionUsage | undefined;
    for await (const event of this.#run(job)) {
      if (event.kind === 'usage') usage = event.usage;
      else if (event.kind === 'end') {
        const { choice, end } = event;
        const tokens = job.plan.logprobs ? (logprobs[choice] ?? []) : null;
        choices.push({
          ...end,
          text: texts[choice] ?? '',
          reasoning: thoughts[choice] ?? '',
          calls: calls[choice] ?? [],
          logprobs: tokens,
        });
      } else {
        const { choice, delta } = event;
        texts[choice] = (texts[choice] ?? '') + delta.text;
        thoughts[choice] = (thoughts[choice] ?? '') + (delta.reasoning ?? '');
        logprobs[choice] = [...(logprobs[choice] ?? []), ...delta.logprobs];
        calls[choice] = withCalls(calls[choice] ?? [], delta.calls ?? []);
      }
    }
    return shape.whole(this.#head(), choices, usage!);
  }

  async *#stream<Chunk, Whole>(job: Job, shape: Shape<Chunk, Whole>): AsyncGenerator<Chunk, void> {
    const head = this.#head();
    for await (const event of this.#run(job)) {
      if (event.kind === 'delta') yield shape.delta(head, event.choice, event.delta, job.plan.logprobs);
      else if (event.kind === 'end') yield shape.end(head, event.choice, event.end);
      else if (job.plan.includeUsage) yield shape.usage(head, event.usage);
    }
  }

  /** Runs a job when its turn comes. */
  async *#run(job: Job): AsyncGenerator<JobEvent, void> {
    const stop = job.keeping?.signal;
    const release = await this.#turns.take(stop);
    // An interruption ends what runs, not what waits.
    const interrupt = new AbortController();
    this.#interrupt = interrupt;
    const signal = stop ? AbortSignal.any([stop, interrupt.signal]) : interrupt.signal;
    yield* readToTheEnd(this.#noted(runJob(job, { ...this.#options, signal })), signal, release);
  }

  /** Keeps what `getMessage` and `runtimeStatsText` tell. */
  async *#noted(events: AsyncGenerator<JobEvent, void>): AsyncGenerator<JobEvent, void> {
    this.#message = '';
    let choice = 0;
    for await (const event of events) {
      if (event.kind === 'usage') this.#usage = event.usage;
      else {
        if (event.choice !== choice) this.#message = '';
        choice = event.choice;
        if (event.kind === 'delta') this.#message += event.delta.text;
      }
      yield event;
    }
  }

  #conversation(kind: ConversationKind): string {
    return `${this.#options.name ?? ''}/${kind}`;
  }

  #head(): ResponseHead {
    return { id: crypto.randomUUID(), model: this.#options.modelId(), created: Math.floor(Date.now() / 1000) };
  }
}

/** What a request gives the model to read, and what it asks of the answer besides words. @throws ShoalError `bad-request` */
async function readPrompt(request: ChatCompletionRequest): Promise<Pick<Job, 'prompt' | 'structure'>> {
  // Fetched with the first request that needs it: the page of most has no use for it.
  const structure = asksForStructure(request)
    ? (await import('./structured/structure.ts')).structureOf(request)
    : undefined;
  return { prompt: chatPrompt(request, structure?.tools), structure };
}

/** Whether a request asks for a form of the answer, or has to do with tools. */
function asksForStructure({ response_format, tools, tool_choice, messages }: ChatCompletionRequest): boolean {
  if (response_format || tool_choice || (tools && tools.length > 0)) return true;
  return Array.isArray(messages) && messages.some(hasToDoWithTools);
}

function hasToDoWithTools(message: unknown): boolean {
  if (typeof message !== 'object' || message === null) return false;
  return 'tool_calls' in message || ('role' in message && message.role === 'tool');
}
