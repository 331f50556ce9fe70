import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { relayIdOf } from '../../../src/net/libp2p/introduction.ts';
import type { TabNode } from '../../../src/net/libp2p/libp2p-node.ts';
import { SeveralRelays } from '../../../src/net/libp2p/several-relays.ts';

const IDS = [
  '12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5',
  '12D3KooWHUtKqPhwj6QUVtzYGxqmnVwHoV7MCyJpiDYM1zpEBBc6',
  '12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5',
  '12D3KooWSEXpjM3CEeZvpDCbUWUMGGfTPCvTAYtbGRhWBh6vdUVY',
] as const;
const RELAYS = IDS.map((id, index) => multiaddr(`/ip4/127.0.0.1/tcp/${8787 + index}/ws/p2p/${id}`));
const [OWN, SECOND, THIRD, FOURTH] = IDS;
const [own, second, third, fourth] = RELAYS as [Multiaddr, Multiaddr, Multiaddr, Multiaddr];
const PEER = '12D3KooWBmAwcd4PJNJvfV89HwE48nwkRmAgo8Vy3uQEyNNHBox2';
const MINUTE_MS = 60_000;

/** Of a tab's node what its introductions use, and servers that are there or not. */
class FakeNode extends EventTarget {
  readonly away = new Set<string>();
  readonly dialed: string[] = [];
  readonly connected = new Set<string>();
  readonly peerRouting = { getClosestPeers: async function* () {} };

  async dial(relay: Multiaddr): Promise<void> {
    const id = relayIdOf(relay);
    this.dialed.push(id);
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (this.away.has(id)) throw new Error('Nobody is there.');
    this.connected.add(id);
    this.dispatchEvent(new Event('self:peer:update'));
  }

  lose(id: string): void {
    this.away.add(id);
    this.#hangUp(id);
  }

  getConnections = (peer?: { toString(): string }) =>
    [...this.connected]
      .filter((id) => peer === undefined || peer.toString() === id)
      .map((id) => ({
        remotePeer: id,
        status: 'open',
        abort: () => this.#hangUp(id),
        close: async () => this.#hangUp(id),
      }));
  getMultiaddrs = () => [...this.connected].map((id) => multiaddr(`${RELAYS[IDS.indexOf(id as never)]}/p2p-circuit`));

  #hangUp(id: string): void {
    if (this.connected.delete(id)) this.dispatchEvent(new CustomEvent('peer:disconnect', { detail: id }));
  }
}

let node: FakeNode;
let relays: SeveralRelays;
let reads: number;
/** What the page's server lists, or that it does not answer. */
let listed: readonly Multiaddr[] | undefined;
beforeEach(() => {
  vi.useFakeTimers();
  for (const level of ['info', 'warn'] as const) vi.spyOn(console, level).mockReturnValue();
  node = new FakeNode();
  reads = 0;
});
afterEach(() => {
  relays.close();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

async function start(others: readonly Multiaddr[]): Promise<void> {
  listed = others;
  relays = new SeveralRelays(own, others, async () => {
    reads++;
    if (!listed) throw new Error('The server does not answer.');
    return listed.map(String);
  });
  relays.start(node as unknown as TabNode);
  await pass(2500);
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const at = () => [...node.connected].sort();
const mayDial = (relay: Multiaddr) => relays.nodeOptions.mayDial(relay);

describe('places', () => {
  it('are at its page’s server and at one of the others', async () => {
    await start([second, third, fourth]);
    expect(relays.state).toBe('online');
    expect(relays.introducers).toHaveLength(2);
    expect(relays.introducers).toContain(OWN);
    expect(at()).toEqual([...relays.introducers].sort());
    expect(new Set(node.dialed).size).toBe(2);
  });

  it('are told to nobody where there is one server', async () => {
    await start([]);
    expect(relays.state).toBe('online');
    expect(relays.introducers).toEqual([]);
    expect(at()).toEqual([OWN]);
  });

  it('are taken elsewhere when a server dies, and at two again when its page’s comes back', async () => {
    await start([second, third]);
    const [, other] = relays.introducers;
    const free = [SECOND, THIRD].find((id) => id !== other)!;
    node.lose(other!);
    // Three attempts, with their pauses.
    await pass(5000);
    expect(relays.introducers).toEqual([OWN, free]);
    node.away.clear();
    node.lose(OWN);
    await pass(2 * MINUTE_MS);
    expect(relays.state).toBe('online');
    expect([...relays.introducers].sort()).toEqual([SECOND, THIRD].sort());
    node.away.clear();
    await pass(10_000);
    expect(relays.introducers).toContain(OWN);
    expect(relays.introducers).toHaveLength(2);
    expect(at()).toEqual([...relays.introducers].sort());
  });

  it('are asked for at a server that is away ever less often', async () => {
    node.away.add(SECOND);
    await start([second]);
    await pass(10 * MINUTE_MS);
    const before = node.dialed.length;
    await pass(10 * MINUTE_MS);
    // A minute's rest after each three attempts or so; its page's server is not asked again at all.
    expect(node.dialed.length - before).toBeLessThan(60);
    expect(node.dialed.filter((id) => id === OWN)).toHaveLength(1);
    node.away.clear();
    await pass(2 * MINUTE_MS);
    expect(relays.introducers).toEqual([OWN, SECOND]);
  });

  it('make the tab offline only when no server is left, and its state is told', async () => {
    await start([second]);
    const told: string[] = [];
    relays.onChange((state) => told.push(state));
    node.lose(SECOND);
    await pass(5000);
    expect(relays.state).toBe('online');
    node.lose(OWN);
    await pass(5000);
    expect(relays.state).toBe('offline');
    node.away.clear();
    await pass(10_000);
    expect(relays.state).toBe('online');
    expect(told).toEqual(['online', 'offline', 'online', ...told.slice(3)]);
  });

  it('are waited for no longer than until a server gives one', async () => {
    node.away.add(OWN);
    listed = [];
    relays = new SeveralRelays(own, [second]);
    relays.start(node as unknown as TabNode);
    const settled = vi.fn();
    void relays.settled(10_000).then(settled);
    await pass(100);
    expect(settled).toHaveBeenCalled();
    expect(relays.introducers).toEqual([SECOND]);
  });

  it('are not looked for by walks of the DHT', async () => {
    await start([second]);
    const walked = vi.fn();
    const given = new AbortController();
    const walk = async () => {
      const { peerRouting } = node as unknown as TabNode;
      for await (const _ of peerRouting.getClosestPeers(new Uint8Array(32), { signal: given.signal }));
    };
    void walk().then(walked, walked);
    await pass(MINUTE_MS);
    expect(walked).not.toHaveBeenCalled();
    given.abort();
    await pass(0);
    expect(walked).toHaveBeenCalled();
  });
});

describe('the way to a peer', () => {
  it('is by a server that both are at, else by the peer’s, else by any', async () => {
    await start([second, third]);
    const [, other] = relays.introducers;
    const free = [SECOND, THIRD].find((id) => id !== other)!;
    const ways = () => relays.relaysTo(PEER).map(relayIdOf);
    expect(ways().slice(0, 2)).toEqual([OWN, other]);
    expect(ways()).toHaveLength(3);
    relays.note(PEER, [free, other!]);
    expect(ways()).toEqual([other]);
    relays.note(PEER, [free]);
    expect(ways()).toEqual([free]);
    relays.note(PEER, ['a-server-that-nobody-knows']);
    expect(ways()).toHaveLength(3);
  });

  it('may be dialed as long as it is looked for, and is hung up on later', async () => {
    await start([second, third]);
    const free = RELAYS.slice(1, 3).find((relay) => !relays.introducers.includes(relayIdOf(relay)))!;
    expect(mayDial(own)).toBe(true);
    expect(mayDial(free)).toBe(false);
    const [endOne, endOther] = [relays.visit(free), relays.visit(free)];
    expect(mayDial(free)).toBe(true);
    void node.dial(free);
    await pass(50);
    endOne();
    expect(mayDial(free)).toBe(true);
    endOther();
    expect(mayDial(free)).toBe(false);
    await pass(10_000);
    expect(at()).toContain(relayIdOf(free));
    await pass(15_000);
    expect(at()).not.toContain(relayIdOf(free));
    expect(at()).toHaveLength(2);
  });
});

describe('a server that joins while the tab is open', () => {
  it('is used once a peer says that it is there', async () => {
    await start([]);
    expect(reads).toBe(0);
    listed = [second];
    relays.note(PEER, [SECOND]);
    await pass(5000);
    expect(reads).toBe(1);
    expect(relays.introducers).toEqual([OWN, SECOND]);
    expect(mayDial(second)).toBe(true);
    expect(relays.isRelay(SECOND)).toBe(true);
  });

  it('is used once its page’s server has been started again', async () => {
    await start([]);
    node.lose(OWN);
    listed = [second];
    await pass(20_000);
    expect(reads).toBe(0);
    node.away.clear();
    await pass(15_000);
    expect(relays.introducers).toEqual([OWN, SECOND]);
  });

  it('takes the place of one that is lost', async () => {
    await start([second]);
    listed = [second, third];
    node.lose(SECOND);
    await pass(15_000);
    expect(reads).toBe(1);
    expect(relays.introducers).toEqual([OWN, THIRD]);
  });

  it('is asked after once a minute at most, whoever is named', async () => {
    await start([]);
    for (let second = 0; second < 300; second++) {
      relays.note(PEER, [`made-up-${second}`]);
      await pass(1000);
    }
    // Names of a minute lead to a look at the list, and no more do.
    const before = reads;
    expect(before).toBeGreaterThanOrEqual(2);
    expect(before).toBeLessThanOrEqual(3);
    relays.note(PEER, [SECOND]);
    await pass(2 * MINUTE_MS);
    expect(reads).toBe(before);
  });

  it('is asked after once for each name, and those that are there stay when the list fails or shrinks', async () => {
    await start([second]);
    listed = undefined;
    relays.note(PEER, [THIRD]);
    await pass(2 * MINUTE_MS);
    relays.note(PEER, [THIRD]);
    await pass(2 * MINUTE_MS);
    expect(reads).toBe(1);
    expect(relays.introducers).toEqual([OWN, SECOND]);
    listed = [];
    relays.note(PEER, [FOURTH]);
    await pass(2 * MINUTE_MS);
    expect(reads).toBe(2);
    expect(relays.introducers).toEqual([OWN, SECOND]);
    relays.close();
    relays.note(PEER, ['another']);
    await pass(2 * MINUTE_MS);
    expect(reads).toBe(2);
  });
});
