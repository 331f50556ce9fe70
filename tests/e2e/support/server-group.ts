import { expect } from '@playwright/test';
import { readMetric } from '../../support/read-metric.ts';
import { freePorts } from './free-ports.ts';
import { startTinyServer, type TinyServer } from './tiny-server.ts';

/** Processes that name each other, and serve the same tiny model. */
export async function startServerGroup(count: number): Promise<TinyServer[]> {
  const ports = await freePorts(count);
  const named = (own: number) =>
    ports.filter((port) => port !== own).flatMap((port) => ['--peer-server', `http://127.0.0.1:${port}/`]);
  const servers = await Promise.all(ports.map((port) => startTinyServer(['--port', String(port), ...named(port)])));
  await expectJoined(servers, count - 1);
  return servers;
}

/** Waits until each knows so many others. */
export async function expectJoined(servers: readonly TinyServer[], others: number): Promise<void> {
  // One that was killed resets what is left of a connection to it.
  const joined = () => Promise.all(servers.map(({ url }) => readMetric(url, 'shoal_peer_servers').catch(() => -1)));
  await expect.poll(joined, { timeout: 60_000 }).toEqual(servers.map(() => others));
}
