import { multiaddr } from '@multiformats/multiaddr';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Introduction } from '../../../src/net/libp2p/introduction.ts';
import type { TabNode } from '../../../src/net/libp2p/libp2p-node.ts';

const RELAY_ID = '12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5';
const RELAY = multiaddr(`/ip4/127.0.0.1/tcp/8787/ws/p2p/${RELAY_ID}`);

/** Of a tab's node what its introduction uses, and a server that is there or not. */
class FakeNode extends EventTarget {
  /** What the server does with a tab that calls. */
  server: 'away' | 'drops' | 'serves' = 'away';
  readonly dialedAtMs: number[] = [];
  #connected = false;

  async dial(): Promise<void> {
    this.dialedAtMs.push(Date.now());
    if (this.server === 'away') throw new Error('Nobody is there.');
    this.#connected = true;
    if (this.server === 'drops') queueMicrotask(() => this.lose());
    else this.dispatchEvent(new Event('self:peer:update'));
  }

  lose(): void {
    this.#connected = false;
    this.dispatchEvent(new CustomEvent('peer:disconnect', { detail: RELAY_ID }));
  }

  getConnections = () => (this.#connected ? [{ remotePeer: RELAY_ID, status: 'open', abort: () => this.lose() }] : []);
  getMultiaddrs = () => (this.server === 'serves' ? [multiaddr(`${RELAY}/p2p-circuit`)] : []);
}

let node: FakeNode;
let introduction: Introduction;
beforeEach(() => {
  vi.useFakeTimers();
  node = new FakeNode();
  introduction = new Introduction(node as unknown as TabNode, RELAY);
});
afterEach(() => {
  introduction.close();
  vi.useRealTimers();
});

/** Pauses between the latest attempts, ms. */
const pausesMs = () => node.dialedAtMs.slice(1).map((atMs, index) => atMs - node.dialedAtMs[index]!);

it.each(['away', 'drops'] as const)(
  'tries less and less often, never less than every five seconds: %s',
  async (server) => {
    node.server = server;
    await vi.advanceTimersByTimeAsync(60_000);
    const pauses = pausesMs();
    expect(pauses[0]).toBeLessThanOrEqual(500);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(5000);
    expect(Math.min(...pauses.slice(5))).toBeGreaterThanOrEqual(2000);
    // Not all tabs at once.
    expect(new Set(pauses.slice(5)).size).toBeGreaterThan(5);
    expect(introduction.state).not.toBe('online');
  },
);

it('tries at once, and soon again, after it was introduced', async () => {
  await vi.advanceTimersByTimeAsync(60_000);
  node.server = 'serves';
  await vi.advanceTimersByTimeAsync(5000);
  expect(introduction.state).toBe('online');
  node.server = 'away';
  node.dialedAtMs.length = 0;
  node.lose();
  await vi.advanceTimersByTimeAsync(2000);
  expect(introduction.state).toBe('offline');
  expect(node.dialedAtMs.length).toBeGreaterThanOrEqual(3);
});
