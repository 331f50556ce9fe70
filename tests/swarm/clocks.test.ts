import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PRESENCE_INTERVAL_MS, PRESENCE_TIMEOUT_MS } from '../../src/protocol/limits.ts';
import { Membership } from '../../src/swarm/members/membership.ts';
import { StubGossip } from './support/stub-gossip.ts';

const HOUR_MS = 60 * 60_000;
const own = () => ({ ready: [0], pending: [], layersPerSecond: 0, queueLength: 0, leaving: false });

let gossip: StubGossip;
let membership: Membership;
beforeEach(() => {
  vi.useFakeTimers();
  gossip = new StubGossip();
  membership = new Membership(gossip.transport, 'a'.repeat(64));
});
afterEach(() => {
  membership.close();
  vi.useRealTimers();
});

const names = () => membership.members().map(({ peerId }) => peerId);

describe('a clock that is set', () => {
  it.each([HOUR_MS, -HOUR_MS])('by %d ms on this tab: makes nobody silent, and nobody immortal', async (jumpMs) => {
    gossip.hear('a', undefined);
    vi.setSystemTime(Date.now() + jumpMs);
    await vi.advanceTimersByTimeAsync(PRESENCE_INTERVAL_MS);
    expect(names()).toEqual(['a']);
    await vi.advanceTimersByTimeAsync(2 * PRESENCE_TIMEOUT_MS);
    expect(names()).toEqual([]);
  });

  it('by an hour on this tab: it goes on to count up, and others go on to hear it', async () => {
    membership.announce(own);
    vi.setSystemTime(Date.now() - HOUR_MS);
    await vi.advanceTimersByTimeAsync(3 * PRESENCE_INTERVAL_MS);
    const sequences = gossip.said.map(({ sequence }) => sequence);
    expect(sequences.length).toBeGreaterThan(2);
    expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b));
    expect(sequences.every((sequence) => sequence >= sequences[0]!)).toBe(true);
  });

  it('back by an hour between two lives of a member: it is heard at once over its connection', () => {
    gossip.connect('a');
    gossip.hear('a', 'a', { sequence: HOUR_MS + 1000, ready: [1] });
    gossip.disconnect('a');
    expect(names()).toEqual([]);
    gossip.connect('a');
    gossip.hear('a', 'a', { sequence: 1000, ready: [2] });
    expect(membership.members().map(({ ready }) => ready)).toEqual([[2]]);
    gossip.hear('a', 'a', { sequence: 2000, ready: [3] });
    expect(membership.members().map(({ ready }) => ready)).toEqual([[3]]);
  });

  it('back by an hour between two lives of a member: it is heard within a minute by those without a connection', async () => {
    gossip.hear('a', undefined, { sequence: HOUR_MS });
    let sequence = 1;
    for (let ms = 0; ms < 50_000; ms += PRESENCE_INTERVAL_MS) {
      gossip.hear('a', undefined, { sequence: sequence++ });
      await vi.advanceTimersByTimeAsync(PRESENCE_INTERVAL_MS);
    }
    expect(names()).toEqual(['a']);
  });

  it('stands still for a minute with a tab that sleeps: whom it hears then is there again', async () => {
    for (const name of ['a', 'b', 'c']) gossip.hear(name, 'neighbour', { sequence: 1 });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(names()).toEqual([]);
    for (const name of ['a', 'b', 'c']) gossip.hear(name, 'neighbour', { sequence: 60_000 });
    expect(names()).toEqual(['a', 'b', 'c']);
  });
});

describe('what is said again', () => {
  it('changes nothing: neither an old presence nor an old goodbye', () => {
    gossip.hear('a', undefined, { sequence: 10, ready: [1] });
    expect(gossip.hear('a', undefined, { sequence: 9, ready: [5] })).toBe(false);
    expect(gossip.hear('a', 'replayer', { sequence: 9, leaving: true })).toBe(false);
    expect(gossip.hear('a', undefined, { sequence: 10, leaving: true })).toBe(false);
    expect(membership.members().map(({ ready }) => ready)).toEqual([[1]]);
  });

  it('changes nothing either when it is from long ago, unless the member itself says it', () => {
    gossip.hear('a', undefined, { sequence: HOUR_MS, ready: [1] });
    for (const forwarder of [undefined, 'replayer'])
      expect(gossip.hear('a', forwarder, { sequence: 10, ready: [5] })).toBe(false);
    expect(membership.members().map(({ ready }) => ready)).toEqual([[1]]);
  });

  it('does not use up what the member may say itself', async () => {
    for (let sequence = 1; sequence <= 60; sequence++) {
      gossip.hear('a', undefined, { sequence });
      for (let repeated = 0; repeated < 100; repeated++) gossip.hear('a', repeated % 2 ? undefined : 'replayer');
      await vi.advanceTimersByTimeAsync(PRESENCE_INTERVAL_MS);
      expect(membership.members()[0]?.sequence).toBe(sequence);
    }
  });

  it('does not bring back who said goodbye, fell silent or lost its connection; what it says afterwards does', async () => {
    gossip.hear('a', undefined, { sequence: 10 });
    gossip.hear('a', undefined, { sequence: 11, leaving: true });
    gossip.connect('b');
    gossip.hear('b', 'b', { sequence: 10 });
    gossip.disconnect('b');
    for (const name of ['a', 'b'])
      for (const forwarder of [undefined, 'replayer']) gossip.hear(name, forwarder, { sequence: 10 });
    expect(names()).toEqual([]);
    expect(gossip.hear('a', 'replayer', { sequence: 11 })).toBe(false);
    await vi.advanceTimersByTimeAsync(20_000);
    gossip.hear('a', 'replayer', { sequence: 10 });
    expect(names()).toEqual([]);
    for (const name of ['a', 'b']) gossip.hear(name, undefined, { sequence: 12 });
    expect(names()).toEqual(['a', 'b']);
  });

  it('is not counted from a suspect that has said goodbye since', () => {
    gossip.connect('a');
    gossip.hear('a', 'a', { sequence: 10, ready: [4] });
    gossip.disconnect('a');
    expect(membership.suspects()).toEqual([{ ready: [], pending: [4] }]);
    gossip.hear('a', undefined, { sequence: 11, leaving: true });
    expect(membership.suspects()).toEqual([]);
  });
});

describe('a member that speaks less often', () => {
  it('is given as many times as long, as far as it says so, and no longer than any may', async () => {
    gossip.hear('slow', undefined, { intervalMs: 5 * PRESENCE_INTERVAL_MS });
    gossip.hear('liar', undefined, { intervalMs: 1e9 });
    gossip.hear('usual', undefined);
    await vi.advanceTimersByTimeAsync(PRESENCE_TIMEOUT_MS + PRESENCE_INTERVAL_MS);
    expect(names()).toEqual(['slow']);
    await vi.advanceTimersByTimeAsync(5 * PRESENCE_TIMEOUT_MS);
    expect(names()).toEqual([]);
  });

  it('is not heard more often than anybody needs to', () => {
    let told = 0;
    membership.onChange(() => told++);
    for (let sequence = 1; sequence < 1000; sequence++)
      gossip.hear('a', undefined, { sequence, ready: [sequence % 2] });
    expect(told).toBeLessThanOrEqual(16);
    expect(membership.members()[0]!.sequence).toBeLessThanOrEqual(16);
  });
});
