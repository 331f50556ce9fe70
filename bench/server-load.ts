import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { presenceTopic } from '../src/protocol/directory.ts';
import type { ServerConfig } from '../src/protocol/server-config.ts';
import { freePorts } from '../tests/e2e/support/free-ports.ts';
import { startTinyServer, type TinyServer } from '../tests/e2e/support/tiny-server.ts';
import { connectClient, type Libp2pClient } from '../tests/support/libp2p-client.ts';

// What one of two servers takes for a tab, of memory and of its processor: node bench/server-load.ts [tabs at each]

const [, , tabsText = '48'] = process.argv;
const TABS = Number(tabsText);
const PINGS = 20;
/** Below the burst that a server repeats of one tab. */
const PRESENCES = 6;
/** Linux's clock tick of `/proc/<process>/stat`, ms. */
const TICK_MS = 10;
const AT_ONCE = 8;
const QUIET_MS = 10_000;

interface Server extends TinyServer {
  readonly config: ServerConfig;
}

const statOf = (pid: number) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
const processorMs = ({ pid }: Server) => TICK_MS * (Number(statOf(pid)[11]) + Number(statOf(pid)[12]));
const residentMiB = ({ pid }: Server) =>
  Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;

async function start(port: number, other: number): Promise<TinyServer> {
  return startTinyServer(['--port', String(port), '--peer-server', `http://127.0.0.1:${other}/`]);
}

async function withConfig(server: TinyServer): Promise<Server> {
  for (;;) {
    const config = (await (await fetch(`${server.url}/config.json`)).json()) as ServerConfig;
    if (config.peers.length > 0) return { ...server, config };
    await delay(100);
  }
}

async function connect({ url, config }: Server, count: number, gossips = true): Promise<Libp2pClient[]> {
  const clients: Libp2pClient[] = [];
  while (clients.length < count) {
    const batch = Array.from({ length: Math.min(AT_ONCE, count - clients.length) }, () =>
      connectClient(url, config.relay.peerId, { gossips }),
    );
    clients.push(...(await Promise.all(batch)));
  }
  return clients;
}

/** What the run takes of each server's processor, ms. */
async function measured(servers: readonly Server[], run: () => Promise<unknown>): Promise<number[]> {
  const before = servers.map(processorMs);
  await run();
  return servers.map((server, index) => processorMs(server) - before[index]!);
}

const [one, two] = (await freePorts(2)) as [number, number];
const started = await Promise.all([start(one, two), start(two, one)]);
const servers = (await Promise.all(started.map(withConfig))) as [Server, Server];
const [home, other] = servers;
const manifest = home.config.models[0]!.manifest;
const topic = presenceTopic(manifest);

const emptyMiB = residentMiB(home);
const tabs = await connect(home, TABS);
let heard = 0;
for (const { services } of tabs) {
  services.gossip.addEventListener('message', () => heard++);
  services.gossip.subscribe(topic);
}
await delay(3000);
const fullMiB = residentMiB(home);
const seconds = await connect(home, TABS, false);
await delay(2000);
const doubleMiB = residentMiB(home);
const show = (what: string, value: number, unit: string) => console.log(`${what}: ${value.toFixed(3)} ${unit}`);
show('a tab that gossips here', (fullMiB - emptyMiB) / TABS, 'MiB');
show('a tab that has its second place here', (doubleMiB - fullMiB) / TABS, 'MiB');

let pinged = 0;
const count = () => pinged++;
// The client's own ping is under way.
const nothing = () => undefined;
const [pings] = await measured([home], () =>
  Promise.all(
    tabs.map(async (tab) => {
      for (let ping = 0; ping < PINGS; ping++) await tab.services.ping.ping(tab.getPeers()[0]!).then(count, nothing);
    }),
  ),
);
show('a ping', pings! / pinged, 'ms');

const elsewhere = await connect(other, TABS);
let heardElsewhere = 0;
for (const { services } of elsewhere) {
  services.gossip.addEventListener('message', () => heardElsewhere++);
  services.gossip.subscribe(topic);
}
await delay(3000);
heard = 0;
const idle = await measured(servers, () => delay(QUIET_MS));
let sequence = 0;
const speak = async () => {
  for (let round = 0; round < PRESENCES; round++) {
    sequence++;
    const presence = { sequence, ready: [0], pending: [], layersPerSecond: 0, queueLength: 0, leaving: false };
    const message = new TextEncoder().encode(JSON.stringify(presence));
    for (const { services } of tabs) await services.gossip.publish(topic, message).catch(nothing);
    await delay(1500);
  }
  await delay(5000);
};
// Once, so that what is measured is compiled.
await speak();
heard = 0;
heardElsewhere = 0;
const startedAtMs = performance.now();
const busy = await measured(servers, speak);
const quiet = (performance.now() - startedAtMs) / QUIET_MS;
const [own, foreign] = busy.map((ms, index) => ms - idle[index]! * quiet);
show('all else in a second', idle[0]! / (QUIET_MS / 1000), 'ms');
show('a delivery of its own tab’s presence', own! / heard, `ms, of ${heard}`);
show('a delivery of the other server’s tab’s presence', foreign! / heardElsewhere, `ms, of ${heardElsewhere}`);

await Promise.all([...tabs, ...seconds, ...elsewhere].map((client) => client.stop()));
await Promise.all(servers.map((server) => server.stop()));
process.exit(0);
