import type { ChatCompletionRequest, MLCEngineInterface } from '@mlc-ai/web-llm';

/**
 * WebLLM's engine: `chat.completions.create`, `completions.create`, `interruptGenerate`, `resetChat`, `unload` and the
 * rest, as its documentation has them. Requests are answered in turn.
 * @see https://webllm.mlc.ai/docs/
 */
export interface Engine extends MLCEngineInterface {
  /**
   * Another engine over the same model: it has conversations of its own, and answers while this one does.
   * @param name - an engine of the same name goes on with the same conversations
   */
  beside(name: string): Engine;
  /** The name of the model. */
  modelId(): string;
  /** How many tokens a chat request gives the model to read; not exactly where they are more than its context. */
  promptSize(request: ChatCompletionRequest): Promise<{ readonly tokens: number; readonly exact: boolean }>;
}
