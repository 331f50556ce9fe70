import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { MAX_PEER_CONFIG_BYTES } from '../../../signaling-server/limits.ts';
import { fetchPeerConfig } from '../../../signaling-server/peers/peer-config.ts';

const CONFIG = {
  version: '0.1.0',
  relay: { peerId: '12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5' },
  trackerPath: '/announce',
  iceServers: [],
  models: [],
};

let server: Server;
let url: URL;
let answer: (response: ServerResponse) => void;
let asked: string[];
beforeEach(async () => {
  asked = [];
  server = createServer((request, response) => {
    asked.push(request.url!);
    answer(response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/below/`);
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const read = (signal = new AbortController().signal) => fetchPeerConfig(url, signal);

it('reads what another server says of itself, below its page', async () => {
  answer = (response) => response.end(JSON.stringify(CONFIG));
  expect(await read()).toMatchObject({ relay: CONFIG.relay, peers: [] });
  expect(asked).toEqual(['/below/config.json']);
});

it.each<[string, string, string, (response: ServerResponse) => void]>([
  ['an error', 'peer-unreachable', 'answered 502', (response) => response.writeHead(502).end()],
  // It might lead to a service that only this server reaches.
  [
    'a redirection',
    'peer-unreachable',
    'does not answer',
    (response) => response.writeHead(302, { location: '/config.json' }).end(JSON.stringify(CONFIG)),
  ],
  ['no JSON', 'bad-request', 'is no JSON', (response) => response.end('<!doctype html>')],
  [
    'bytes that are no text',
    'bad-request',
    'is no JSON',
    (response) => response.end(new Uint8Array([0x22, 0xff, 0x22])),
  ],
  [
    'another configuration',
    'bad-request',
    'malformed at "relay',
    (response) => response.end(JSON.stringify({ ...CONFIG, relay: {} })),
  ],
  [
    'more than a configuration has',
    'limit-exceeded',
    'more than',
    (response) => response.end(JSON.stringify({ ...CONFIG, more: 'x'.repeat(MAX_PEER_CONFIG_BYTES) })),
  ],
  ['a connection that ends', 'peer-unreachable', 'does not answer', (response) => response.destroy()],
])('does not believe %s', async (_name, code, message, given) => {
  answer = given;
  await expect(read()).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  expect(asked).toHaveLength(1);
});

it('gives up when it is told to', async () => {
  answer = () => undefined;
  const given = new AbortController();
  const reading = read(given.signal);
  await expect.poll(() => asked.length).toBe(1);
  given.abort();
  await expect(reading).rejects.toMatchObject({ code: expect.stringMatching(/aborted|peer-unreachable/) });
});
