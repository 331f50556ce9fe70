import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { MemoryTransport } from '../../src/net/memory/memory-member.ts';
import { MemoryNetwork } from '../../src/net/memory/memory-transport.ts';
import { presenceTopic } from '../../src/protocol/directory.ts';
import { MAX_PRESENCE_INTERVAL_MS, PRESENCE_INTERVAL_MS } from '../../src/protocol/limits.ts';
import { MAX_HEARSAY } from '../../src/swarm/members/hearsay.ts';
import { Membership } from '../../src/swarm/members/membership.ts';
import { StubGossip } from './support/stub-gossip.ts';

const MANIFEST = 'a'.repeat(64);
const TOPIC = presenceTopic(MANIFEST);
const own = () => ({ ready: [0], pending: [], layersPerSecond: 0, queueLength: 0, leaving: false });
const presence = new TextEncoder().encode(JSON.stringify({ ...own(), sequence: 1 }));

beforeEach(() => {
  vi.useFakeTimers();
  vi.spyOn(console, 'warn').mockReturnValue();
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const names = (membership: Membership) => membership.members().map(({ peerId }) => peerId);
const flood = (tab: MemoryTransport, count: number, round = '') => {
  for (let name = 0; name < count; name++) tab.forge(`phantom ${round}${name}`, TOPIC, presence);
};

async function swarmOf(count: number) {
  const network = new MemoryNetwork();
  const transports = Array.from({ length: count }, () => network.createTransport());
  const memberships = transports.map((transport) => new Membership(transport, MANIFEST));
  const connect = async (one: number, other: number) => {
    const connecting = transports[one]!.connect(transports[other]!.peerId);
    await vi.advanceTimersByTimeAsync(5);
    await connecting;
  };
  return { network, transports, memberships, connect };
}

describe('4,200 names made up by one connection', () => {
  it('are a few dozen members, told together, and neither passed on nor in the way of anybody honest', async () => {
    const { transports, memberships, connect } = await swarmOf(4);
    const [hostile, seer, behind, newcomer] = transports;
    await connect(0, 1);
    await connect(1, 2);
    let changes = 0;
    memberships[1]!.onChange(() => changes++);
    let passedOn = 0;
    behind!.subscribe(TOPIC, () => passedOn++);
    flood(hostile!, 4200);
    await vi.advanceTimersByTimeAsync(1000);
    expect(passedOn).toBeLessThanOrEqual(64);
    expect(memberships[1]!.members().length).toBeLessThanOrEqual(64);
    expect(memberships[2]!.members().length).toBeLessThanOrEqual(64);
    expect(changes).toBeLessThanOrEqual(30);
    memberships[3]!.announce(own);
    await vi.advanceTimersByTimeAsync(50);
    expect(names(memberships[1]!)).toContain(newcomer!.peerId);
    expect(names(memberships[2]!)).toContain(newcomer!.peerId);
    memberships[2]!.announce(own);
    await vi.advanceTimersByTimeAsync(50);
    expect(names(memberships[3]!)).toEqual([behind!.peerId]);
    expect(seer!.peers().length).toBe(2);
    for (const membership of memberships) membership.close();
  });

  it('grow by some a second, also when the connection goes on and on', async () => {
    const { transports, memberships, connect } = await swarmOf(2);
    await connect(0, 1);
    for (let second = 0; second < 10; second++) {
      flood(transports[0]!, 100, `${second} `);
      await vi.advanceTimersByTimeAsync(1000);
    }
    expect(memberships[1]!.members().length).toBeGreaterThan(64);
    expect(memberships[1]!.members().length).toBeLessThanOrEqual(64 + 10 * 8 + 1);
    for (const membership of memberships) membership.close();
  });

  it('leave room for what other tabs tell, however many connections make names up', async () => {
    const gossip = new StubGossip();
    const membership = new Membership(gossip.transport, MANIFEST);
    for (let second = 0; second < 9; second++) {
      for (let hostile = 0; hostile < 12; hostile++)
        for (let name = 0; name < 80; name++) gossip.hear(`${hostile} ${second} ${name}`, `hostile ${hostile}`);
      await vi.advanceTimersByTimeAsync(1000);
    }
    expect(membership.members().length).toBeGreaterThan(0.9 * MAX_HEARSAY);
    for (let name = 0; name < 60; name++) gossip.hear(`honest ${name}`, 'neighbour');
    expect(names(membership).filter((name) => name.startsWith('honest')).length).toBe(60);
    expect(membership.members().length).toBeLessThanOrEqual(MAX_HEARSAY);
    membership.close();
  });

  it('slow the presence of this tab down by less than two, and as many that are there to every 20 s at most', async () => {
    const spoken = async (forwarder: (name: number) => string | undefined) => {
      const gossip = new StubGossip();
      const membership = new Membership(gossip.transport, MANIFEST);
      membership.announce(own);
      for (let beat = 1; beat < 12; beat++) {
        for (let name = 0; name < 1024; name++) gossip.hear(`name ${name}`, forwarder(name), { sequence: beat });
        await vi.advanceTimersByTimeAsync(PRESENCE_INTERVAL_MS);
      }
      const before = gossip.said.length;
      await vi.advanceTimersByTimeAsync(4 * MAX_PRESENCE_INTERVAL_MS);
      membership.close();
      return gossip.said.slice(before);
    };
    const hearsay = await spoken((name) => `hostile ${name % 12}`);
    expect(hearsay.length).toBeGreaterThanOrEqual(20);
    const vouched = await spoken(() => undefined);
    expect(vouched.length).toBeGreaterThanOrEqual(4);
  });

  it('cost nothing but a count once a forwarder has said too much', () => {
    const gossip = new StubGossip();
    const membership = new Membership(gossip.transport, MANIFEST);
    gossip.hear('known', 'hostile');
    const parse = vi.spyOn(JSON, 'parse');
    for (let message = 0; message < 5000; message++) gossip.hear(`name ${message}`, 'hostile');
    for (let message = 0; message < 5000; message++) gossip.hear('known', 'hostile', { sequence: 2 + message });
    expect(parse.mock.calls.length).toBeLessThan(600);
    membership.close();
  });
});

describe('a full table', () => {
  it('gives a name that is vouched for the place of hearsay, and a connected one that of others; hearsay none', () => {
    const gossip = new StubGossip();
    const membership = new Membership(gossip.transport, MANIFEST);
    for (let name = 0; name < 4090; name++) gossip.hear(`vouched ${name}`, undefined);
    for (let name = 0; name < 10; name++) gossip.hear(`heard ${name}`, 'neighbour');
    const count = (kind: string) => names(membership).filter((name) => name.startsWith(kind)).length;
    expect([count('vouched'), count('heard')]).toEqual([4090, 6]);
    for (let name = 0; name < 10; name++) gossip.hear(`vouched late ${name}`, undefined);
    expect([count('vouched'), count('heard')]).toEqual([4096, 0]);
    gossip.hear('heard more', 'another neighbour');
    expect(count('heard')).toBe(0);
    gossip.connect('friend');
    gossip.hear('friend', 'friend');
    expect([count('friend'), membership.members().length]).toEqual([1, 4096]);
    membership.close();
  });
});

describe('hearsay', () => {
  it('is a member like others once the server or a connection tells of it', () => {
    const gossip = new StubGossip();
    const membership = new Membership(gossip.transport, MANIFEST);
    for (const name of ['a', 'b', 'c']) gossip.hear(name, 'neighbour');
    expect(membership.standing('a')).toBe('heard');
    gossip.hear('a', undefined);
    gossip.connect('b');
    expect(['a', 'b', 'c'].map((name) => membership.standing(name))).toEqual(['vouched', 'connected', 'heard']);
    membership.close();
  });
});
