import type { StandingTab } from '../standing-tab.ts';
import { type HttpServer, type HttpServerOptions, startHttpServer } from './http-server.ts';
import { type EngineTabOptions, engineTab } from './tab/engine-tab.ts';
import { type OpenTab, Swarm } from './tab/swarm.ts';

export interface BridgeOptions extends EngineTabOptions, HttpServerOptions {}

/** A bridge that is up. */
export interface RunningBridge extends Pick<HttpServer, 'url' | 'close'> {}

/** Opens the tab, waits until the swarm is whole, then serves the API. @throws ShoalError as both */
export async function openBridge(options: BridgeOptions, signal: AbortSignal): Promise<RunningBridge> {
  const tab = engineTab(options);
  const onStop = () => void tab.close();
  signal.addEventListener('abort', onStop, { once: true });
  try {
    await tab.open();
    return withTab(await startHttpServer(new Swarm(() => tab.current), options), tab);
  } catch (error) {
    await tab.close();
    throw error;
  } finally {
    signal.removeEventListener('abort', onStop);
  }
}

/** Serves the API at once; requests get 503 until the swarm is whole. @throws ShoalError as `startHttpServer` */
export async function serveBridge(options: BridgeOptions): Promise<RunningBridge> {
  const tab = engineTab(options);
  const server = await startHttpServer(new Swarm(() => tab.current), options);
  void tab.keepOpening();
  return withTab(server, tab);
}

function withTab({ url, close }: HttpServer, tab: StandingTab<OpenTab>): RunningBridge {
  return {
    url,
    close: async () => {
      await Promise.all([close(), tab.close()]);
    },
  };
}
