import { afterEach, describe, expect, it, vi } from 'vitest';
import { Heartbeat } from '../../src/net/channel/heartbeat.ts';
import { LinkWatch } from '../../src/net/channel/link-watch.ts';
import { PRESENCE_TIMEOUT_MS } from '../../src/protocol/limits.ts';
import { alone, answerOf, promptOf } from './support/answer.ts';
import { TestSwarm } from './support/test-swarm.ts';

const PROMPT = promptOf(40);
const TOKENS = 12;
/** What the network takes to call a member late; a page stands still for many times that. */
const SILENCE_MS = 20;

let swarm: TestSwarm;
afterEach(async () => {
  vi.useRealTimers();
  await swarm?.close();
});

const REQUEST = { promptIds: PROMPT, maxTokens: TOKENS };
/** @param then - happens after the third token */
const answer = (then?: (route: readonly string[]) => void) => answerOf(swarm.guest, { ...REQUEST, then });
const expected = () => alone(REQUEST);

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('a page that stands still while its browser is there', () => {
  it('keeps its place where nobody else has its layers: the answer goes on when it does', async () => {
    const ids = await expected();
    swarm = await TestSwarm.create([[0], [1], [2], [3]], { network: { silenceMs: SILENCE_MS } });
    const found = await answer((route) => {
      const wake = swarm.network.stall(route[1]!);
      setTimeout(wake, 20 * SILENCE_MS);
    });
    expect(found.ids).toEqual(ids);
    expect(found.events).toEqual([]);
  });

  it('gives its place to a spare where there is one', { timeout: 60_000 }, async () => {
    const ids = await expected();
    swarm = await TestSwarm.create([[0], [1], [2], [3], [1]], { network: { silenceMs: SILENCE_MS } });
    let wake = () => {};
    let stalledAtMs = 0;
    const found = await answer((route) => {
      wake = swarm.network.stall(route[1]!);
      stalledAtMs = performance.now();
    });
    // Without a spare it is waited for twice as long.
    expect(performance.now() - stalledAtMs).toBeLessThan(10_000);
    expect(found.ids).toEqual(ids);
    expect(found.events.map(({ kind }) => kind)).toEqual(['replaced']);
    wake();
    // It was there all the time: its place is given back like the others.
    const sessions = () => swarm.nodes.map(({ stages }) => stages.sessionCount);
    await vi.waitFor(() => expect(sessions()).toEqual([0, 0, 0, 0, 0]), 10_000);
  });

  it('is given up in the end, and somebody who is willing fetches its layers', { timeout: 60_000 }, async () => {
    const ids = await expected();
    swarm = await TestSwarm.create([[0], [1], [2], [3]], { network: { silenceMs: SILENCE_MS }, willing: true });
    // Twenty seconds, in less time.
    const { setTimeout: wait } = globalThis;
    const quick = ((run: () => void, ms?: number) => wait(run, ms === 20_000 ? 300 : ms)) as typeof setTimeout;
    vi.stubGlobal('setTimeout', quick);
    let held = '';
    let wake = () => {};
    const found = await answer((route) => {
      held = route[1]!;
      wake = swarm.network.stall(held);
    });
    vi.unstubAllGlobals();
    expect(found.ids).toEqual(ids);
    expect(found.events.flatMap((event) => (event.kind === 'replaced' ? event.to : []))).not.toContain(held);
    wake();
    // Heard again, it is a member again.
    await vi.waitFor(
      () => expect(swarm.guest.membership.members().map(({ peerId }) => peerId)).toContain(held),
      10_000,
    );
  });

  it('is asked again as soon as it goes on', async () => {
    swarm = await TestSwarm.create([[0], [1], [2], [3]], { network: { silenceMs: SILENCE_MS } });
    await answer();
    const wake = swarm.network.stall(swarm.nodes[2]!.peerId);
    await wait(5 * SILENCE_MS);
    wake();
    const again = await answer();
    expect(again.ids).toHaveLength(TOKENS);
    expect(again.events).toEqual([]);
  });

  it('stays a member as long as it is connected, however long it says nothing', async () => {
    swarm = await TestSwarm.create([[0], [1], [2], [3]]);
    await answer();
    const { membership } = swarm.guest;
    const held = swarm.nodes[1]!.peerId;
    const wake = swarm.network.stall(held);
    const later = Date.now() + 3 * PRESENCE_TIMEOUT_MS;
    vi.useFakeTimers({ now: later, toFake: ['Date'] });
    // Two beats; those who are connected to nobody would be forgotten in the first.
    await wait(4500);
    expect(membership.members().map(({ peerId }) => peerId)).toContain(held);
    wake();
  });
});

describe('a heartbeat with a link below', () => {
  /** A link whose browser acknowledges until it does not. */
  function linkThat(delivers: () => boolean) {
    let bytesReceived = 0;
    return new LinkWatch({
      getStats: async () => {
        if (delivers()) bytesReceived += 10;
        return new Map([['T', { type: 'transport', bytesReceived }]]) as unknown as RTCStatsReport;
      },
    });
  }

  it('tells a page that is held up from one that is gone', async () => {
    vi.useFakeTimers();
    let page = true;
    let browser = true;
    const onSilence = vi.fn();
    const late: boolean[] = [];
    const heartbeat: Heartbeat = new Heartbeat({
      beat: (sentAtMs) => {
        if (!page) return;
        heartbeat.heard();
        heartbeat.echoed(sentAtMs);
      },
      onSilence,
      onLate: (value) => late.push(value),
      link: linkThat(() => browser),
    });
    await vi.advanceTimersByTimeAsync(20_000);
    page = false;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(late).toEqual([true]);
    expect(onSilence).not.toHaveBeenCalled();
    page = true;
    await vi.advanceTimersByTimeAsync(600);
    expect(late).toEqual([true, false]);
    // The whole browser goes.
    page = false;
    browser = false;
    await vi.advanceTimersByTimeAsync(20_000);
    expect(onSilence).toHaveBeenCalled();
    heartbeat.stop();
  });

  it('sees a crash as soon as without one', async () => {
    vi.useFakeTimers();
    let alive = true;
    const onSilence = vi.fn();
    const heartbeat: Heartbeat = new Heartbeat({
      beat: () => {
        if (alive) heartbeat.heard();
      },
      onSilence,
      link: linkThat(() => alive),
    });
    await vi.advanceTimersByTimeAsync(20_000);
    alive = false;
    await vi.advanceTimersByTimeAsync(2300);
    expect(onSilence).toHaveBeenCalled();
    heartbeat.stop();
  });
});
