import { afterEach, describe, expect, it, vi } from 'vitest';
import { MemoryNetwork } from '../../src/net/memory/memory-transport.ts';
import type { GossipListener, Transport } from '../../src/net/transport.ts';
import { PRESENCE_INTERVAL_MS } from '../../src/protocol/limits.ts';
import { Membership } from '../../src/swarm/members/membership.ts';

const MANIFEST = 'a'.repeat(64);
const own = (ready: number[]) => () => ({ ready, pending: [], layersPerSecond: 0, queueLength: 0, leaving: false });

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

function pair() {
  const network = new MemoryNetwork();
  const [a, b] = [network.createTransport(), network.createTransport()];
  return { network, a, b, seer: new Membership(a, MANIFEST), seen: new Membership(b, MANIFEST) };
}

const soon = () => new Promise((resolve) => setTimeout(resolve, 30));

describe('membership', () => {
  it('hears a member, and answers it at once', async () => {
    const { seer, seen } = pair();
    seer.announce(own([0]));
    seen.announce(own([1, 2]));
    await vi.waitFor(() => {
      expect(seer.members().map(({ ready }) => ready)).toEqual([[1, 2]]);
      expect(seen.members().map(({ ready }) => ready)).toEqual([[0]]);
    });
    seer.close();
    seen.close();
  });

  it('lists the others in the order of their ids, whoever comes and goes', async () => {
    const network = new MemoryNetwork();
    const transports = Array.from({ length: 4 }, () => network.createTransport());
    const [seer, ...others] = transports.map((transport) => new Membership(transport, MANIFEST));
    const seen = () => seer!.members().map(({ peerId }) => transports.findIndex((other) => other.peerId === peerId));
    others[2]!.announce(own([2]));
    others[0]!.announce(own([0]));
    await vi.waitFor(() => expect(seen()).toEqual([1, 3]));
    others[1]!.announce(own([1]));
    await vi.waitFor(() => expect(seen()).toEqual([1, 2, 3]));
    // Every lap of an answer asks: nothing is sorted or copied for it.
    expect(seer!.members()).toBe(seer!.members());
    await others[0]!.leave();
    await vi.waitFor(() => expect(seen()).toEqual([2, 3]));
    seer!.suspect(transports[3]!.peerId);
    expect(seen()).toEqual([2]);
    for (const membership of [seer!, ...others]) membership.close();
  });

  it('hears what a member is called, and that it is called otherwise', async () => {
    const { seer, seen } = pair();
    let name = 'Kitchen laptop';
    seen.announce(() => ({ ...own([1])(), name }));
    await vi.waitFor(() => expect(seer.members().map((member) => member.name)).toEqual(['Kitchen laptop']));
    let changes = 0;
    seer.onChange(() => changes++);
    name = '\u202eHall\n';
    seen.publishNow();
    await vi.waitFor(() => expect(seer.members().map((member) => member.name)).toEqual(['Hall']));
    expect(changes).toBe(1);
    seer.close();
    seen.close();
  });

  it('forgets at once a member that says goodbye', async () => {
    const { seer, seen } = pair();
    seen.announce(own([1]));
    await soon();
    await seen.leave();
    await soon();
    expect(seer.members()).toEqual([]);
    expect(seer.suspects()).toEqual([]);
    seer.close();
    seen.close();
  });

  it('suspects a member whose connection broke, for a while, and takes it back when it speaks', async () => {
    const { network, a, b, seer, seen } = pair();
    seen.announce(own([3]));
    await soon();
    await a.connect(b.peerId);
    network.kill(b.peerId);
    await soon();
    expect(seer.members()).toEqual([]);
    expect(seer.suspects()).toEqual([{ ready: [], pending: [3] }]);
    const now = performance.now();
    vi.spyOn(performance, 'now').mockReturnValue(now + 4001);
    expect(seer.suspects()).toEqual([]);
    seer.close();
    seen.close();
  });

  it('speaks less often in a large swarm, and is as patient with the others', async () => {
    vi.useFakeTimers();
    let spoken = 0;
    let hear: GossipListener = () => undefined;
    const transport = {
      peerId: 'self',
      introducers: [],
      publish: async () => void spoken++,
      subscribe: (_topic: string, listener: GossipListener) => {
        hear = listener;
        return () => undefined;
      },
      onPeer: () => () => undefined,
      peers: () => [],
      mayServe: () => true,
    };
    const member = new Membership(transport as unknown as Transport, MANIFEST);
    // Twice as many as speak every two seconds.
    const speak = () => {
      const message = new TextEncoder().encode(JSON.stringify({ ...own([0])(), sequence: 1 }));
      for (let other = 0; other < 128; other++) hear(`peer ${other}`, message, undefined);
    };
    member.announce(own([0]));
    speak();
    await vi.advanceTimersByTimeAsync(4100);
    spoken = 0;
    await vi.advanceTimersByTimeAsync(12_000);
    expect(spoken).toBe(3);
    expect(member.members().length).toBe(128);
    await vi.advanceTimersByTimeAsync(6000);
    expect(member.members().length).toBe(0);
    member.close();
  });
});

describe('acquaintance', () => {
  it('takes a beat after the latest newcomer, since all speak within one, and no more than two', async () => {
    vi.useFakeTimers();
    const { seer, seen } = pair();
    let acquainted = false;
    void seer.acquainted().then(() => {
      acquainted = true;
    });
    await vi.advanceTimersByTimeAsync(500);
    seen.announce(own([0]));
    await vi.advanceTimersByTimeAsync(PRESENCE_INTERVAL_MS + 400);
    expect(seer.members()).toHaveLength(1);
    expect(acquainted).toBe(false);
    await vi.advanceTimersByTimeAsync(200);
    expect(acquainted).toBe(true);

    const alone = new Membership(new MemoryNetwork().createTransport(), MANIFEST);
    const waiting = alone.acquainted();
    await vi.advanceTimersByTimeAsync(2 * PRESENCE_INTERVAL_MS);
    await waiting;
    for (const membership of [seer, seen, alone]) membership.close();
  });
});
