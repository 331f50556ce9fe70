import { vi } from 'vitest';
import { type HttpServer, startHttpServer } from '../../cli/bridge/http-server.ts';
import { PageCalls } from '../../cli/bridge/tab/page-calls.ts';
import { answerInPage, cancelInPage, promptSizeInPage } from '../../cli/bridge/tab/page-engine.ts';
import { Swarm } from '../../cli/bridge/tab/swarm.ts';
import type { ToolFormat } from '../../src/tokenizer/index.ts';
import { CONTEXT_LENGTH, type ScriptedGenerator, scriptedEngineOf } from './scripted-engine.ts';

/** A bridge over a scripted engine: all but the tab is real. */
export interface ScriptedBridge extends HttpServer {
  /** Without `/v1`. */
  readonly origin: string;
  readonly generator: ScriptedGenerator;
  readonly swarm: Swarm;
  /** As when the tab crashes. */
  crash(): void;
}

/** Serves an engine that answers with these texts, one request after the other, and over again. */
export async function scriptedBridge(
  texts: readonly string[],
  {
    key,
    origins = [],
    contextLength = CONTEXT_LENGTH,
    toolFormat,
  }: {
    readonly key?: string;
    readonly origins?: readonly string[];
    readonly contextLength?: number;
    readonly toolFormat?: ToolFormat;
  } = {},
): Promise<ScriptedBridge> {
  const { engine, generator } = scriptedEngineOf(texts, contextLength, toolFormat);
  const gone = new AbortController();
  const page = { answer: answerInPage, cancel: cancelInPage, promptSize: promptSizeInPage };
  const calls = new PageCalls(page, gone.signal);
  vi.stubGlobal('window', {
    shoal: { engine },
    shoalBridge: (id: string, json: string) => calls.receive(id, json),
  });
  const swarm = new Swarm(() => (gone.signal.aborted ? undefined : { model: engine.modelId(), calls }));
  const server = await startHttpServer(swarm, { host: '127.0.0.1', port: 0, key, origins });
  return { ...server, origin: new URL(server.url).origin, generator, swarm, crash: () => gone.abort() };
}

/** A gate for `ScriptedGenerator.onStep`: answers stand still at this step until it opens. */
export function gate(step = 1) {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { open: resolve, onStep: (current: number) => (current === step ? promise : undefined) };
}
