import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { GatedTransport } from '../../src/net/gate/gated-transport.ts';
import { MemoryNetwork } from '../../src/net/memory/memory-transport.ts';
import type { FrameChannel, Transport } from '../../src/net/transport.ts';
import { shardRecordKey } from '../../src/protocol/directory.ts';
import { createSecret, deriveKeys } from '../../src/protocol/private-swarm.ts';
import { seededRandom } from '../fixtures/random.ts';
import { TRANSPORT_CONTRACT, type TransportLab } from './transport-contract.ts';

const MANIFEST_ID = 'a'.repeat(64);

function recordOf(index: number): Uint8Array {
  const record = { infoHash: 'b'.repeat(40), fileName: `shard-${index}.gguf`, sizeBytes: 7 };
  return new TextEncoder().encode(JSON.stringify(record));
}

/** @param wrap - what a case sees of a member's transport */
function labOn(network: MemoryNetwork, wrap = (inner: Transport) => inner): TransportLab & { close(): Promise<void> } {
  const members: Transport[] = [];
  return {
    strangerId: 'nobody',
    topic: 'news',
    key: shardRecordKey(MANIFEST_ID, 0),
    value: recordOf(0),
    unusedKey: shardRecordKey(MANIFEST_ID, 1),
    message: (number) => new TextEncoder().encode(`message ${number}`),
    open: async () => {
      const member = wrap(network.createTransport());
      members.push(member);
      return member;
    },
    close: async () => void (await Promise.all(members.map((member) => member.close()))),
  };
}

const keys = deriveKeys(createSecret());
const gate = (inner: Transport) => new GatedTransport(inner, keys);

for (const [title, link, wrap] of [
  ['at once', {}, undefined],
  ['over links that are slow, uneven and lossy', { latencyMs: 5, jitterMs: 10, lossRate: 0.01 }, undefined],
  ['behind a gate', { latencyMs: 1 }, gate],
] as const) {
  describe(`the transport contract in memory, ${title}`, () => {
    for (const { name, run } of TRANSPORT_CONTRACT) {
      // Of a private swarm the server keeps no table: only connected tabs tell each other.
      if (wrap && name.startsWith('directory: what one puts')) continue;
      it(name, async () => {
        const lab = labOn(new MemoryNetwork({ link, random: seededRandom(1) }), wrap);
        await run(lab).finally(lab.close);
      });
    }
  });
}

describe('memory network', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  /** Runs through all timers until the promise settles. */
  async function settled<T>(promise: Promise<T>): Promise<T> {
    const caught = promise.catch(() => undefined);
    await vi.runAllTimersAsync();
    await caught;
    return promise;
  }

  async function openChannel(
    network: MemoryNetwork,
    a: Transport,
    b: Transport,
  ): Promise<[FrameChannel, FrameChannel]> {
    let theirs: FrameChannel | undefined;
    b.handleChannels((channel) => {
      theirs = channel;
    });
    const mine = await settled(a.openChannel(b.peerId));
    expect(network).toBeDefined();
    return [mine, theirs!];
  }

  /** When each of `count` frames arrives, ms after they were sent at once. */
  async function arrivals(seed: number, link: object, count: number): Promise<number[]> {
    const network = new MemoryNetwork({ link, random: seededRandom(seed) });
    const [mine, theirs] = await openChannel(network, network.createTransport(), network.createTransport());
    const times: number[] = [];
    const startedMs = performance.now();
    theirs.onFrame((frame) => times.push(frame[0]!, performance.now() - startedMs));
    for (let number = 0; number < count; number++) void mine.send(Uint8Array.of(number));
    await vi.runAllTimersAsync();
    expect(times.filter((_, index) => index % 2 === 0)).toEqual(Array.from({ length: count }, (_, number) => number));
    return times.filter((_, index) => index % 2 === 1);
  }

  it('delays by the latency, one way', async () => {
    expect(await arrivals(1, { latencyMs: 40 }, 3)).toEqual([40, 40, 40].map((time) => expect.closeTo(time, -0.2)));
  });

  it('spreads by the jitter and resends what is lost, in order; the same seed gives the same times', async () => {
    const link = { latencyMs: 40, jitterMs: 30, lossRate: 0.1 };
    const times = await arrivals(7, link, 60);
    expect(times[0]).toBeGreaterThanOrEqual(39);
    expect(times.at(-1)).toBeGreaterThan(200);
    expect(times.at(-1)).toBeLessThan(2000);
    expect([...times].sort((one, other) => one - other)).toEqual(times);
    expect(await arrivals(7, link, 60)).toEqual(times);
    expect(await arrivals(8, link, 60)).not.toEqual(times);
  });

  it('lets links be set one by one, while it runs', async () => {
    const network = new MemoryNetwork();
    const [a, b, c] = [network.createTransport(), network.createTransport(), network.createTransport()];
    const [toB] = await openChannel(network, a, b);
    const [toC] = await openChannel(network, a, c);
    network.setLink(a.peerId, b.peerId, { latencyMs: 50 });
    expect([toB.roundTripMs, toC.roundTripMs]).toEqual([100, 0]);
  });

  it('ends what waits for a member that leaves meanwhile', async () => {
    const network = new MemoryNetwork({ link: { latencyMs: 50 }, silenceMs: 1000 });
    const [a, b] = [network.createTransport(), network.createTransport()];
    const opening = a.openChannel(b.peerId);
    void b.close();
    await expect(settled(opening)).rejects.toMatchObject({ code: 'peer-unreachable' });
  });

  it('carries on after a short cut, and ends connections after a long one', async () => {
    const network = new MemoryNetwork({ silenceMs: 1000 });
    const [a, b, c] = [network.createTransport(), network.createTransport(), network.createTransport()];
    const [mine, theirs] = await openChannel(network, a, b);
    await settled(a.connect(c.peerId));
    const got: number[] = [];
    theirs.onFrame((frame) => got.push(frame[0]!));
    const reasons: unknown[] = [];
    for (const end of [mine, theirs]) end.onClose((reason) => reasons.push(reason));
    network.cut(a.peerId, b.peerId);
    void mine.send(Uint8Array.of(1));
    await vi.advanceTimersByTimeAsync(500);
    expect(got).toEqual([]);
    network.mend(a.peerId, b.peerId);
    await vi.runAllTimersAsync();
    expect([got, reasons]).toEqual([[1], []]);
    network.partition([a.peerId, c.peerId], [b.peerId]);
    void mine.send(Uint8Array.of(2));
    const unanswered = a.request(b.peerId, 'any', Uint8Array.of(1));
    const ended = expect(unanswered).rejects.toMatchObject({ code: 'peer-gone' });
    await vi.runAllTimersAsync();
    await ended;
    expect(reasons).toEqual([1, 2].map(() => expect.objectContaining({ code: 'peer-gone' })));
    expect([a.peers(), b.peers(), c.peers()]).toEqual([[c.peerId], [], [a.peerId]]);
    await expect(a.connect(b.peerId)).rejects.toMatchObject({ code: 'peer-unreachable' });
    network.mend(a.peerId, b.peerId);
    await settled(a.connect(b.peerId));
    expect(got).toEqual([1]);
  });

  it('shows a killed member by its silence alone, and delivers nothing that it had under way', async () => {
    const network = new MemoryNetwork({ link: { latencyMs: 10 }, silenceMs: 1000 });
    const [a, b] = [network.createTransport(), network.createTransport()];
    const [mine, theirs] = await openChannel(network, a, b);
    let got = 0;
    mine.onFrame(() => got++);
    let reason: unknown;
    mine.onClose((error) => {
      reason = error;
    });
    void theirs.send(Uint8Array.of(1));
    network.kill(b.peerId);
    await vi.advanceTimersByTimeAsync(900);
    expect([a.peers(), reason]).toEqual([[b.peerId], undefined]);
    await vi.advanceTimersByTimeAsync(200);
    expect([a.peers(), got]).toEqual([[], 0]);
    expect(reason).toMatchObject({ code: 'peer-gone' });
    await expect(theirs.send(Uint8Array.of(2))).rejects.toMatchObject({ code: 'peer-gone' });
    await expect(a.connect(b.peerId)).rejects.toMatchObject({ code: 'peer-unreachable' });
  });

  it('goes on among the connected while the server is away, and the server forgets its directory', async () => {
    const network = new MemoryNetwork();
    const [a, b, c] = [network.createTransport(), network.createTransport(), network.createTransport()];
    await settled(a.connect(b.peerId));
    const key = shardRecordKey(MANIFEST_ID, 0);
    await settled(a.directory.put(key, recordOf(0)));
    const states: string[] = [];
    a.onIntroduction((state) => states.push(state));
    const heard: string[] = [];
    for (const member of [b, c]) member.subscribe('news', () => heard.push(member.peerId));
    network.server.stop();
    await a.publish('news', Uint8Array.of(1));
    expect(await settled(b.directory.get(key))).toEqual(recordOf(0));
    expect(await settled(c.directory.get(key))).toBeUndefined();
    await expect(settled(c.directory.provide(shardRecordKey(MANIFEST_ID, 1)))).rejects.toMatchObject({
      code: 'peer-unreachable',
    });
    expect(heard).toEqual([b.peerId]);
    await expect(a.connect(c.peerId)).rejects.toMatchObject({ code: 'peer-unreachable' });
    b.handleRequests('echo', async (_, request) => request);
    expect(await settled(a.request(b.peerId, 'echo', Uint8Array.of(5)))).toEqual(Uint8Array.of(5));
    network.server.start();
    expect(states).toEqual(['offline', 'online']);
    expect(await settled(c.directory.get(key))).toBeUndefined();
    await settled(a.connect(c.peerId));
    expect(await settled(c.directory.get(key))).toEqual(recordOf(0));
  });
});
