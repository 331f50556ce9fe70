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
import { ShoalError } from '../../core/errors.ts';
import type { Engine } from '../engine.ts';
import { type RequestDefaults, readChatOptions } from './chat-options.ts';

/** An engine that is there, and what gives it back. */
export interface OpenedEngine {
  readonly engine: Engine;
  close(): Promise<void>;
}

/** Opens the engine that an app is to have. */
export type OpenEngine = (onProgress: InitProgressCallback) => Promise<OpenedEngine>;

/**
 * What an app of WebLLM's takes for its `MLCEngine`: `reload` opens Shoal's engine, whichever model the app names, and
 * takes the app's chat options as far as they are about sampling.
 */
export class MovedEngine implements MLCEngineInterface {
  // WebLLM's classes carry a private field and a bundle of 6 MB; these are what their users see of them.
  readonly chat = { completions: { create: (request: ChatCompletionRequest) => this.chatCompletion(request) } } as Chat;
  readonly completions = { create: (request: CompletionCreateParams) => this.completion(request) } as Completions;
  readonly embeddings = { create: (request: EmbeddingCreateParams) => this.embedding(request) } as Embeddings;
  readonly #open: OpenEngine;
  #opening: Promise<OpenedEngine> | undefined;
  #opened: OpenedEngine | undefined;
  /** What the app calls the model. */
  #names: readonly string[] = [];
  #defaults: RequestDefaults = {};
  #onProgress: InitProgressCallback | undefined;

  constructor(open: OpenEngine, onProgress?: InitProgressCallback) {
    this.#open = open;
    this.#onProgress = onProgress;
  }

  /** @throws ShoalError `bad-request` for options that would change answers and cannot; as opening does */
  async reload(modelId: string | string[], chatOpts?: ChatOptions | ChatOptions[]): Promise<void> {
    const names = [modelId].flat();
    if (names.length !== 1) throw new ShoalError('bad-request', 'Shoal runs one model at a time. Load one.');
    this.#defaults = readChatOptions([chatOpts ?? []].flat()[0] ?? {});
    this.#names = names;
    this.#opening ??= this.#open((report) => this.#onProgress?.(report));
    try {
      this.#opened = await this.#opening;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
    this.#onProgress?.({ progress: 1, timeElapsed: 0, text: `${this.#opened.engine.modelId()} is ready` });
  }

  async unload(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    this.#opening = undefined;
    await opened?.close();
  }

  chatCompletion(request: ChatCompletionRequestNonStreaming): Promise<ChatCompletion>;
  chatCompletion(request: ChatCompletionRequestStreaming): Promise<AsyncIterable<ChatCompletionChunk>>;
  chatCompletion(request: ChatCompletionRequestBase): Promise<AsyncIterable<ChatCompletionChunk> | ChatCompletion>;
  async chatCompletion(request: ChatCompletionRequest): Promise<AsyncIterable<ChatCompletionChunk> | ChatCompletion> {
    return this.#engine.chatCompletion(this.#moved(request));
  }

  completion(request: CompletionCreateParamsNonStreaming): Promise<Completion>;
  completion(request: CompletionCreateParamsStreaming): Promise<AsyncIterable<Completion>>;
  completion(request: CompletionCreateParamsBase): Promise<AsyncIterable<Completion> | Completion>;
  async completion(request: CompletionCreateParams): Promise<AsyncIterable<Completion> | Completion> {
    return this.#engine.completion(this.#moved(request));
  }

  async embedding(request: EmbeddingCreateParams): Promise<CreateEmbeddingResponse> {
    return this.#engine.embedding(request);
  }

  async interruptGenerate(): Promise<void> {
    await this.#opened?.engine.interruptGenerate();
  }

  async resetChat(keepStats?: boolean): Promise<void> {
    await this.#engine.resetChat(keepStats);
  }

  async getMessage(): Promise<string> {
    return this.#engine.getMessage();
  }

  async runtimeStatsText(): Promise<string> {
    return this.#engine.runtimeStatsText();
  }

  async forwardTokensAndSample(inputIds: number[], isPrefill: boolean): Promise<number> {
    return this.#engine.forwardTokensAndSample(inputIds, isPrefill);
  }

  async getMaxStorageBufferBindingSize(): Promise<number> {
    return this.#engine.getMaxStorageBufferBindingSize();
  }

  async getGPUVendor(): Promise<string> {
    return this.#engine.getGPUVendor();
  }

  async listResumableSessions(): Promise<ResumeProbeResult[]> {
    return this.#engine.listResumableSessions();
  }

  async resumeChatCompletion(
    sessionId: string,
    options?: ResumeChatCompletionOptions,
  ): Promise<ResumeResult | AsyncIterable<ChatCompletionChunk>> {
    return this.#engine.resumeChatCompletion(sessionId, options);
  }

  async deleteResumableSession(sessionId: string): Promise<void> {
    return this.#engine.deleteResumableSession(sessionId);
  }

  setInitProgressCallback(callback: InitProgressCallback): void {
    this.#onProgress = callback;
  }

  getInitProgressCallback(): InitProgressCallback | undefined {
    return this.#onProgress;
  }

  /** Of models that nobody loads here. */
  setAppConfig(_config: AppConfig): void {}

  /** Shoal writes warnings and errors, whatever the level. */
  setLogLevel(_level: LogLevel): void {}

  get #engine(): Engine {
    if (this.#opened) return this.#opened.engine;
    throw new ShoalError('bad-request', 'No model is loaded yet. Call reload() first, and wait for it.');
  }

  /** The app's options where the request says nothing, and no name that is only the app's. */
  #moved<Request extends { readonly model?: string | null | undefined }>(request: Request): Request {
    const { model } = request;
    const known = typeof model === 'string' && this.#names.includes(model);
    return { ...this.#defaults, ...request, ...(known ? { model: null } : {}) };
  }
}
