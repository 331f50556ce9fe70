import { beforeEach, describe, expect, it, vi } from 'vitest';
import { GATE_PROTOCOL } from '../../../src/net/gate/gate-handshake.ts';
import { GatedTransport } from '../../../src/net/gate/gated-transport.ts';
import type { MemoryTransport } from '../../../src/net/memory/memory-member.ts';
import { MemoryNetwork } from '../../../src/net/memory/memory-transport.ts';
import { shardRecordKey } from '../../../src/protocol/directory.ts';
import { createSecret, deriveKeys, guestSecretOf } from '../../../src/protocol/private-swarm.ts';

const secret = createSecret();
const keys = deriveKeys(secret);
const guestKeys = deriveKeys(guestSecretOf(secret));
const PATIENCE = { timeout: 10_000 };
/** Time for what must not happen to happen. */
const soon = () => new Promise((resolve) => setTimeout(resolve, 100));

let network: MemoryNetwork;
beforeEach(() => {
  network = new MemoryNetwork({ link: { latencyMs: 1 } });
});

interface Watched {
  readonly inner: MemoryTransport;
  readonly transport: GatedTransport;
  readonly events: { readonly peerId: string; readonly connected: boolean }[];
}

function member(of = keys): Watched {
  const inner = network.createTransport();
  const transport = new GatedTransport(inner, of);
  const events: Watched['events'] = [];
  transport.onPeer((event) => events.push(event));
  return { inner, transport, events };
}

/** Somebody without the secret, who keeps all that is asked of it or opened to it. */
function stranger(answersGate: () => Promise<Uint8Array>): { readonly inner: MemoryTransport; readonly got: string[] } {
  const inner = network.createTransport();
  const got: string[] = [];
  inner.handleRequests(GATE_PROTOCOL, answersGate);
  inner.handleRequests('any', async () => {
    got.push('request');
    return Uint8Array.of(1);
  });
  inner.handleChannels(() => got.push('channel'));
  return { inner, got };
}

describe('a transport behind a gate', () => {
  it('asks a stranger nothing, and opens no channel to it', async () => {
    const { transport, events } = member();
    const { inner, got } = stranger(async () => new Uint8Array(64));
    await expect(transport.request(inner.peerId, 'any', Uint8Array.of(1))).rejects.toMatchObject({
      code: 'not-admitted',
    });
    await expect(transport.openChannel(inner.peerId)).rejects.toMatchObject({ code: 'not-admitted' });
    await expect(transport.connect(inner.peerId)).rejects.toMatchObject({ code: 'not-admitted' });
    await soon();
    expect([got, transport.peers(), events]).toEqual([[], [], []]);
  });

  it('has no peer that is still at the gate', async () => {
    const { inner: own, transport, events } = member();
    const { inner, got } = stranger(() => new Promise(() => undefined));
    await inner.connect(transport.peerId);
    await vi.waitFor(() => expect(own.peers()).toEqual([inner.peerId]), PATIENCE);
    const waiting = [transport.request(inner.peerId, 'any', Uint8Array.of(1)), transport.openChannel(inner.peerId)];
    for (const promise of waiting) promise.catch(() => undefined);
    await soon();
    expect([got, transport.peers(), events]).toEqual([[], [], []]);
    // Nobody waits for it longer than it wants to.
    const signal = AbortSignal.timeout(10);
    await expect(transport.connect(inner.peerId, { signal })).rejects.toMatchObject({ code: 'aborted' });
  });

  it('takes no request and no channel of a stranger', async () => {
    const { transport } = member();
    const got: string[] = [];
    transport.handleRequests('any', async () => {
      got.push('request');
      return Uint8Array.of(1);
    });
    transport.handleChannels(() => got.push('channel'));
    const { inner } = stranger(async () => new Uint8Array(64));
    const asked = inner.request(transport.peerId, 'any', Uint8Array.of(1));
    await expect(asked).rejects.toThrow();
    const channel = await inner.openChannel(transport.peerId);
    const closed = new Promise((resolve) => channel.onClose(resolve));
    await channel.send(Uint8Array.of(1)).catch(() => undefined);
    await closed;
    expect(got).toEqual([]);
  });

  it('has a proven peer as long as it is connected, and proves it again afterwards', async () => {
    const [one, other] = [member(), member()];
    let hellos = 0;
    const answer = other.inner.request.bind(other.inner);
    other.inner.request = (peerId, protocol, message, options) => {
      if (protocol === GATE_PROTOCOL && message[0] === 1) hellos++;
      return answer(peerId, protocol, message, options);
    };
    for (let time = 1; time <= 2; time++) {
      await other.transport.connect(one.transport.peerId);
      await vi.waitFor(() => expect(one.transport.peers()).toEqual([other.transport.peerId]), PATIENCE);
      expect(hellos).toBe(time);
      await one.transport.disconnect(other.transport.peerId);
      await vi.waitFor(() => expect(other.transport.peers()).toEqual([]), PATIENCE);
    }
    const { peerId } = other.transport;
    const [came, went] = [true, false].map((connected) => ({ peerId, connected }));
    expect(one.events).toEqual([came, went, came, went]);
  });

  it('counts nobody in whose connection has ended at the gate', async () => {
    const inner = network.createTransport();
    // It does not see the connection any more.
    inner.peers = () => [];
    const transport = new GatedTransport(inner, keys);
    const events: unknown[] = [];
    transport.onPeer((event) => events.push(event));
    await expect(transport.connect(member().transport.peerId)).rejects.toMatchObject({ code: 'not-admitted' });
    expect(events).toEqual([]);
  });

  it('tells who may serve by certificates, which a peer cannot lose and nobody can lend', async () => {
    const [one, guest, other] = [member(), member(guestKeys), member()];
    expect([one, guest].map(({ transport }) => transport.mayServe(transport.peerId))).toEqual([true, false]);
    for (const { transport } of [guest, other]) await transport.connect(one.transport.peerId);
    const mayServe = () => [guest, other].map(({ transport }) => one.transport.mayServe(transport.peerId));
    expect(mayServe()).toEqual([false, true]);
    expect(guest.transport.mayServe(one.transport.peerId)).toBe(true);
    expect(one.transport.mayServe('nobody')).toBe(false);
  });

  it('leaves nothing in a table that others keep', async () => {
    const [one, other] = [member(), member()];
    const key = shardRecordKey('a'.repeat(64), 0);
    await one.transport.directory.provide(key);
    expect(await network.createTransport().directory.findProviders(key)).toEqual([]);
    await other.transport.connect(one.transport.peerId);
    expect(await other.transport.directory.findProviders(key)).toEqual([one.transport.peerId]);
  });

  it('says nothing under a name that outsiders know', async () => {
    const { transport } = member();
    const outsider = network.createTransport();
    const heard: string[] = [];
    outsider.subscribe('topic', () => heard.push('topic'));
    const within = member();
    const told = vi.fn();
    within.transport.subscribe('topic', (_from, message) => told(message));
    await transport.publish('topic', Uint8Array.of(1));
    await vi.waitFor(() => expect(told).toHaveBeenCalledWith(Uint8Array.of(1)), PATIENCE);
    expect(heard).toEqual([]);
  });
});
