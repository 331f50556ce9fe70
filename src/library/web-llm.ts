/**
 * WebLLM's apps and workers over Shoal's engine.
 *
 * @packageDocumentation
 */
import type { ChatOptions, InitProgressCallback, MLCEngineConfig, MLCEngineInterface } from '@mlc-ai/web-llm';
import { createEngine, type EngineSource } from './create-engine.ts';
import { createSwarm } from './create-swarm.ts';
import type { SwarmOptions } from './swarm.ts';
import { type EngineHost, hostEngine, type PageHandler } from './web-llm/engine-host.ts';
import { MovedEngine, type OpenedEngine } from './web-llm/moved-engine.ts';
import { PageWorker } from './web-llm/page-worker.ts';

export type { EngineHost, PageHandler } from './web-llm/engine-host.ts';
export type { PageWorker } from './web-llm/page-worker.ts';

/** The model that an app of WebLLM's gets: a swarm's, of which it may serve a part, or one that this tab runs alone. */
export type ShoalSource = EngineSource | (SwarmOptions & { readonly join?: readonly number[] | 'auto' | 'all' });

/** What stands in WebLLM's place. */
export interface OverShoal {
  /** As WebLLM's function of this name. The model is Shoal's, whichever is named. */
  CreateMLCEngine(
    modelId: string | string[],
    engineConfig?: MLCEngineConfig,
    chatOpts?: ChatOptions | ChatOptions[],
  ): Promise<MLCEngineInterface>;
  /** Gives a `WebWorkerMLCEngineHandler` Shoal's engine. @returns the same handler */
  handler<Handler extends WorkerHandler>(handler: Handler): Handler;
  /**
   * Lets this page run the engine of its origin's service worker ({@link overPage}), one page at a time.
   *
   * @param handler - a `WebWorkerMLCEngineHandler` of its own
   */
  host(handler: WorkerHandler & PageHandler): EngineHost;
}

/** What is used of WebLLM's handlers. */
export interface WorkerHandler {
  engine: { getInitProgressCallback(): InitProgressCallback | undefined };
}

/** What is used of WebLLM's `ServiceWorkerMLCEngineHandler`. */
export interface ServiceWorkerHandler extends WorkerHandler {
  modelId?: string[];
  reloadIfUnmatched(modelId: string[], chatOpts?: ChatOptions[]): Promise<void>;
}

/** What is used of WebLLM's `WebWorkerMLCEngine`. */
export interface WorkerEngine {
  modelId?: string[];
  reload(modelId: string[], chatOpts?: ChatOptions[]): Promise<void>;
}

/**
 * Moves an app of WebLLM's over to Shoal, by one line.
 *
 * @example
 * ```ts
 * import { overShoal } from 'shoal/web-llm';
 *
 * const engine = await overShoal({ url: '/SmolLM2.gguf' }).CreateMLCEngine('Llama-3.1-8B-Instruct-q4f32_1-MLC');
 * const messages = [{ role: 'user' as const, content: 'What is the capital of France?' }];
 * const { choices } = await engine.chat.completions.create({ messages });
 * console.log(choices[0]?.message.content);
 * ```
 */
export function overShoal(source: ShoalSource): OverShoal {
  const open = (onProgress: InitProgressCallback) => openSource(source, onProgress);
  return {
    async CreateMLCEngine(modelId, { initProgressCallback } = {}, chatOpts) {
      const engine = new MovedEngine(open, initProgressCallback);
      await engine.reload(modelId, chatOpts);
      return engine;
    },
    handler(handler) {
      // The handler's own tells the page of progress.
      handler.engine = new MovedEngine(open, handler.engine.getInitProgressCallback());
      return handler;
    },
    host(handler) {
      const engine = new MovedEngine(open, handler.engine.getInitProgressCallback());
      handler.engine = engine;
      return hostEngine(handler, engine);
    },
  };
}

/**
 * Gives a service worker's handler an engine that runs in a page: a service worker has neither WebRTC nor workers.
 * Pages of the origin say with `overShoal(…).host(…)` that they run it.
 *
 * @param handler - WebLLM's `ServiceWorkerMLCEngineHandler`
 * @param Client - WebLLM's `WebWorkerMLCEngine`
 * @returns the same handler
 *
 * @example
 * ```ts
 * import { ServiceWorkerMLCEngineHandler, WebWorkerMLCEngine } from '@mlc-ai/web-llm';
 * import { overPage } from 'shoal/web-llm';
 *
 * overPage(new ServiceWorkerMLCEngineHandler(), WebWorkerMLCEngine);
 * ```
 */
export function overPage<Handler extends ServiceWorkerHandler>(
  handler: Handler,
  Client: new (worker: PageWorker, config: MLCEngineConfig) => WorkerEngine & WorkerHandler['engine'],
): Handler {
  const initProgressCallback = handler.engine.getInitProgressCallback();
  const engine = new Client(new PageWorker(), initProgressCallback ? { initProgressCallback } : {});
  handler.engine = engine;
  // What is loaded, the page knows. A handler that believes a model loaded looks for a GPU in place of loading it again.
  Object.defineProperty(handler, 'modelId', { get: () => undefined, set: () => {} });
  handler.reloadIfUnmatched = async (modelId, chatOpts) => {
    if (engine.modelId?.join() !== modelId.join()) await engine.reload(modelId, chatOpts);
  };
  return handler;
}

async function openSource(source: ShoalSource, onProgress: InitProgressCallback): Promise<OpenedEngine> {
  if (!('invite' in source)) {
    const engine = await createEngine({ ...source, onProgress });
    return { engine, close: () => engine.unload() };
  }
  onProgress({ progress: 0, timeElapsed: 0, text: 'Connecting to the swarm' });
  const { join, ...options } = source;
  const swarm = await createSwarm(options);
  if (join) await swarm.join(join);
  return { engine: swarm.engine, close: () => swarm.close() };
}
