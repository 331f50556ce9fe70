import type { WorkerRequest, WorkerResponse } from '@mlc-ai/web-llm';
import { IdleStreams } from './idle-streams.ts';
import type { MovedEngine } from './moved-engine.ts';
import { ENGINE_CHANNEL, HOST_LOCK, lockOf, type ToPage, type ToWorker } from './page-messages.ts';

/** What a page uses of WebLLM's `WebWorkerMLCEngineHandler`. */
export interface PageHandler {
  postMessage(response: WorkerResponse): void;
  onmessage(request: WorkerRequest): void;
}

/** A page that runs the engine of its origin's service worker, or will when the page before it is gone. */
export interface EngineHost {
  /** Gives the engine back; the next page takes over. */
  close(): Promise<void>;
}

/** @param handler - has the engine, and answers the service worker's requests */
export function hostEngine(handler: PageHandler, engine: MovedEngine): EngineHost {
  const host = crypto.randomUUID();
  const waiting = new AbortController();
  const closed = Promise.withResolvers<void>();
  const serve = async () => {
    const channel = new BroadcastChannel(ENGINE_CHANNEL);
    const tell = (message: ToWorker) => channel.postMessage(message);
    const streams = new IdleStreams((streamId) =>
      handler.onmessage({ kind: 'completionStreamReturn', uuid: crypto.randomUUID(), content: { streamId } }),
    );
    handler.postMessage = (response) => {
      streams.onResponse(response);
      tell({ kind: 'response', host, response });
    };
    channel.onmessage = ({ data }: MessageEvent<ToPage | ToWorker>) => {
      if (data.kind === 'who') tell({ kind: 'host', host });
      else if (data.kind === 'request' && data.host === host) {
        streams.onRequest(data.request);
        handler.onmessage(data.request);
      }
    };
    tell({ kind: 'host', host });
    await closed.promise;
    channel.close();
    streams.close();
    await engine.unload();
  };
  const { locks } = navigator;
  const served = locks
    .request(HOST_LOCK, { signal: waiting.signal }, () => locks.request(lockOf(host), serve))
    .catch((error: unknown) => {
      // It was closed before its turn.
      if (!(error instanceof DOMException && error.name === 'AbortError')) throw error;
    });
  return {
    async close() {
      waiting.abort();
      closed.resolve();
      await served;
    },
  };
}
