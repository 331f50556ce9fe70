import { expect } from '@playwright/test';
import { readMetric } from '../../support/read-metric.ts';
import { freePorts } from './free-ports.ts';
import { startTinyServer, type TinyServer } from './tiny-server.ts';

/**
 * Servers have machines of their own: where a dozen tabs share two processors with them, they get what little they need.
 * Who may not have that is told so by `nice`, and the server starts all the same.
 */
const FIRST = ['nice', '-n', '-15'];

/** Processes that name each other, and serve the same tiny model. */
export async function startServerGroup(count: number): Promise<TinyServer[]> {
  const ports = await freePorts(count);
  const named = (own: number) =>
    ports.filter((port) => port !== own).flatMap((port) => ['--peer-server', `http://127.0.0.1:${port}/`]);
  const start = (port: number) => startTinyServer(['--port', String(port), ...named(port)], undefined, FIRST);
  const servers = await Promise.all(ports.map(start));
  await expectJoined(servers, count - 1);
  return servers;
}

/** Waits until each knows so many others. */
export async function expectJoined(servers: readonly TinyServer[], others: number): Promise<void> {
  // One that was killed resets what is left of a connection to it.
  const joined = () => Promise.all(servers.map(({ url }) => readMetric(url, 'shoal_peer_servers').catch(() => -1)));
  await expect.poll(joined, { timeout: 60_000 }).toEqual(servers.map(() => others));
}
