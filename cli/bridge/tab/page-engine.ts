import type { ChatCompletionRequestBase, CompletionCreateParamsBase } from '@mlc-ai/web-llm';
import type { ShoalEngine } from '../../../src/api/index.ts';
import type { ErrorCode, WireError } from '../../../src/core/errors.ts';

// Functions for the tab. Playwright carries each there as text, so it uses nothing from outside of itself.

/** A request to the tab's engine. */
export interface PageCall {
  readonly id: string;
  /** Which engine: calls of one name share their conversations, and run one at a time. */
  readonly engine: string;
  readonly kind: 'chat' | 'text';
  /** WebLLM's request, as JSON. */
  readonly request: string;
}

/** A result or a failure: a thrown error would lose its code between the tab and here. */
export type PageResult<Value> = { readonly value: Value } | { readonly failure: WireError };

declare global {
  interface Window {
    /** Hands a part of an answer out, as JSON. @returns whether more is wanted, once there is room for more */
    shoalBridge: (id: string, json: string) => Promise<boolean>;
    /** Engines that answer, by their call's id. */
    shoalBridgeCalls?: Map<string, ShoalEngine>;
  }
}

/** Answers a call: a stream in many parts, all else in one. */
export async function answerInPage({ id, engine: name, kind, request }: PageCall): Promise<PageResult<null>> {
  window.shoalBridgeCalls ??= new Map();
  const calls = window.shoalBridgeCalls;
  const engine = window.shoal.engine.beside(name);
  calls.set(id, engine);
  try {
    const answer =
      kind === 'chat'
        ? await engine.chatCompletion(JSON.parse(request) as ChatCompletionRequestBase)
        : await engine.completion(JSON.parse(request) as CompletionCreateParamsBase);
    const chunks: AsyncIterable<object> | readonly object[] = Symbol.asyncIterator in answer ? answer : [answer];
    for await (const chunk of chunks)
      if (!calls.has(id) || !(await window.shoalBridge(id, JSON.stringify(chunk)))) break;
    return { value: null };
  } catch (error) {
    const { code = 'internal', message = String(error) } = error as { code?: ErrorCode; message?: string };
    return { failure: { code, message } };
  } finally {
    calls.delete(id);
  }
}

/** Ends a call whose answer nobody wants. */
export async function cancelInPage(id: string): Promise<void> {
  const engine = window.shoalBridgeCalls?.get(id);
  window.shoalBridgeCalls?.delete(id);
  await engine?.interruptGenerate();
}

/** How many tokens a chat request, as JSON, gives the model to read. */
export async function promptSizeInPage(request: string): Promise<PageResult<number>> {
  try {
    return { value: (await window.shoal.engine.promptSize(JSON.parse(request))).tokens };
  } catch (error) {
    const { code = 'internal', message = String(error) } = error as { code?: ErrorCode; message?: string };
    return { failure: { code, message } };
  }
}

/** The model's name, once the tab can speak to it. */
export async function modelInPage(): Promise<string> {
  await window.shoal.engine.samplingDefaults();
  return window.shoal.engine.modelId();
}
