import { createServer, type ServerResponse } from 'node:http';
import { listen } from '../../signaling-server/listen.ts';
import { Metrics } from '../../signaling-server/metrics.ts';
import type { ServingTab } from './node-tab.ts';
import type { NodeState } from './page-node.ts';

const HOST = '127.0.0.1';
/** A page that is busy answers late, and whoever watches should hear that. */
const STATE_TIMEOUT_MS = 5000;

/** Tells this machine how the node is: `/healthz` in JSON, 503 while no shard serves, and `/metrics` for Prometheus. */
export async function serveHealth(tab: () => ServingTab | undefined, port: number): Promise<{ readonly url: string }> {
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    if (path === '/healthz') void tellHealth(tab(), response);
    else if (path === '/metrics') void tellMetrics(tab(), response);
    else response.writeHead(404).end();
  });
  const bound = await listen(server, HOST, port);
  server.unref();
  return { url: `http://${HOST}:${bound}` };
}

async function tellHealth(tab: ServingTab | undefined, response: ServerResponse): Promise<void> {
  const state = await stateOf(tab);
  const serves = state !== undefined && state.ready.length > 0;
  const health = { status: serves ? 'ok' : 'opening', ...state };
  response.writeHead(serves ? 200 : 503, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
  response.end(`${JSON.stringify(health)}\n`);
}

async function tellMetrics(tab: ServingTab | undefined, response: ServerResponse): Promise<void> {
  const state = await stateOf(tab);
  const metrics = new Metrics();
  const gauge = (name: string, help: string, of: (state: NodeState) => number) =>
    metrics.gauge(name, help, () => (state ? of(state) : 0));
  gauge('shoal_node_shards', 'Shards that serve.', ({ ready }) => ready.length);
  gauge('shoal_node_members', 'Other members of the swarm.', ({ members }) => members);
  gauge('shoal_node_tasks_done', 'Tasks computed since the tab was opened.', ({ tasksDone }) => tasksDone);
  gauge('shoal_node_sent_bytes', 'Bytes of shards sent to other tabs.', ({ sentBytes }) => sentBytes);
  gauge('shoal_node_received_bytes', 'Bytes of shards received from other tabs.', ({ receivedBytes }) => receivedBytes);
  gauge('shoal_node_stored_bytes', 'Bytes of shards stored.', ({ storedBytes }) => storedBytes);
  response.writeHead(200, { 'Content-Type': 'text/plain; version=0.0.4' }).end(await metrics.format());
}

/** Undefined while there is no tab, or it does not answer. */
async function stateOf(tab: ServingTab | undefined): Promise<NodeState | undefined> {
  const late = new Promise<undefined>((resolve) => setTimeout(resolve, STATE_TIMEOUT_MS, undefined).unref());
  return Promise.race([tab?.state().catch(() => undefined), late]);
}
