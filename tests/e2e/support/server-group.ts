import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect } from '@playwright/test';
import { readMetric } from '../../support/read-metric.ts';
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
  const joined = () => Promise.all(servers.map(({ url }) => readMetric(url, 'shoal_peer_servers')));
  await expect.poll(joined, { timeout: 60_000 }).toEqual(servers.map(() => others));
}

/** Ports that nobody uses: each server has to be told the others'. */
async function freePorts(count: number): Promise<number[]> {
  const probes = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(probes.map((probe) => once(probe, 'listening')));
  const ports = probes.map((probe) => (probe.address() as AddressInfo).port);
  await Promise.all(probes.map((probe) => new Promise((resolve) => probe.close(resolve))));
  return ports;
}
