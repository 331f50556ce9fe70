import { afterEach, describe, expect, it, vi } from 'vitest';
import type { StageTask, TaskResult } from '../../src/engine/layer-runner.ts';
import { DEFAULT_SAMPLING } from '../../src/swarm/coordinator/sampler.ts';
import type { SwarmNode } from '../../src/swarm/node.ts';
import { TestSwarm } from './support/test-swarm.ts';

const PROMPT = Array.from({ length: 40 }, (_, index) => (index * 37) % 500);
const TOKENS = 8;

let swarm: TestSwarm;
afterEach(() => swarm?.close());

/** An answer, its checks over. @returns its tokens, and whom it ran through */
async function answer(guest = swarm.guest, promptIds = PROMPT) {
  const ids: number[] = [];
  let route: string[] = [];
  const request = { promptIds, maxTokens: TOKENS, stopIds: new Set<number>(), topLogprobs: 0 };
  for await (const { id, lap } of guest.coordinator.generate({ ...request, sampling: DEFAULT_SAMPLING })) {
    ids.push(id);
    route = lap.stages.map(({ peerId }) => peerId);
  }
  await guest.coordinator.checked();
  return { ids, route };
}

async function expected(): Promise<number[]> {
  swarm = await TestSwarm.create([[0, 1, 2, 3]]);
  const { ids } = await answer();
  await swarm.close();
  return ids;
}

const PAIRS = [[0], [1], [2], [3], [0], [1], [2], [3]];
const passed = (peerId: string, guest = swarm.guest) => guest.records.audits(peerId).passed;

/** From now on the node's runner does something else with its outputs. */
function lie(peerId: string, change: (result: TaskResult, task: StageTask) => TaskResult): void {
  const runner = swarm.runner(peerId);
  const { executeBatch } = runner;
  runner.executeBatch = async (tasks) =>
    (await executeBatch.call(runner, tasks)).map((result, index) => change(result, tasks[index]!));
}

const flipped = (result: TaskResult): TaskResult => {
  if (!('computeMs' in result)) return result;
  if (result.hidden) return { ...result, hidden: result.hidden.map((value) => (value + 1) % 900) };
  return { ...result, rows: result.rows!.map((row) => ({ ...row, ids: row.ids.map((id) => (id + 1) % 997) })) };
};

describe('a stage whose layers another node has too', () => {
  it('is checked after each of its first five answers, and after fewer as they are good', {
    timeout: 60_000,
  }, async () => {
    swarm = await TestSwarm.create(PAIRS, { checks: true });
    const { route } = await answer();
    expect(route.map((peerId) => passed(peerId))).toEqual([1, 1, 1, 1]);
    const counts = () => swarm.nodes.reduce((sum, { peerId }) => sum + passed(peerId), 0);
    for (let count = 1; count < 5; count++) await answer();
    expect(counts()).toBe(20);
    // Each is good now: a coin decides.
    const { getRandomValues } = crypto;
    vi.spyOn(crypto, 'getRandomValues').mockImplementation((array) =>
      array instanceof Uint32Array ? (array.fill(0xffffffff) as typeof array) : getRandomValues.call(crypto, array),
    );
    for (let count = 0; count < 3; count++) await answer();
    vi.restoreAllMocks();
    expect(counts()).toBe(20);
  });

  it('leaves nothing behind that was opened to check it', { timeout: 60_000 }, async () => {
    swarm = await TestSwarm.create(PAIRS, { checks: true });
    for (let count = 0; count < 3; count++) await answer();
    await vi.waitFor(
      () =>
        expect(swarm.nodes.map(({ stages, peerId }) => [stages.sessionCount, swarm.runnerSessions(peerId)])).toEqual(
          swarm.nodes.map(() => [0, 0]),
        ),
      10_000,
    );
  });

  it.each([0, 1, 3])('is caught when it computes otherwise: stage %i', { timeout: 60_000 }, async (place) => {
    const ids = await expected();
    // A third holder decides.
    swarm = await TestSwarm.create([...PAIRS, ...PAIRS.slice(0, 4)], { checks: true });
    for (let count = 0; count < 2; count++) await answer();
    const { route } = await answer();
    const liar = route[place]!;
    lie(liar, flipped);
    const wrong = await answer();
    expect(wrong.route[place]).toBe(liar);
    expect(wrong.ids).not.toEqual(ids);
    for (let count = 0; count < 3; count++) {
      const after = await answer();
      expect(after.ids).toEqual(ids);
      expect(after.route).not.toContain(liar);
    }
    // Nobody else is blamed.
    for (const { peerId } of swarm.nodes) expect(swarm.guest.records.rests(peerId)).toBe(peerId === liar);
  });

  it('is not blamed for one that checks it and lies', { timeout: 60_000 }, async () => {
    swarm = await TestSwarm.create([[0], [1], [2], [3], [1], [1]], { checks: true });
    const { route } = await answer();
    // The one that was asked to compute again.
    const liar = swarm.nodes.find(({ peerId, stages }) => !route.includes(peerId) && stages.tokensDone > 0)!;
    lie(liar.peerId, flipped);
    await answer();
    for (const { peerId } of swarm.nodes) expect(swarm.guest.records.rests(peerId)).toBe(peerId === liar.peerId);
  });

  it('is caught by this very tab where it holds the layers', { timeout: 60_000 }, async () => {
    const ids = await expected();
    swarm = await TestSwarm.create([[0], [1], [2], [3], [2]], { checks: true });
    const own = swarm.nodes[4]!;
    const busy = vi.spyOn(own.stages, 'queueLength', 'get').mockReturnValue(50);
    const { route } = await answer(own);
    expect(route[2]).not.toBe(own.peerId);
    lie(route[2]!, flipped);
    expect((await answer(own)).ids).not.toEqual(ids);
    expect((await answer(own)).ids).toEqual(ids);
    expect(own.records.rests(route[2]!)).toBe(true);
    busy.mockRestore();
  });

  it('is caught when it sends on other rows than it shows', { timeout: 60_000 }, async () => {
    const ids = await expected();
    swarm = await TestSwarm.create([...PAIRS, ...PAIRS.slice(0, 4)], { checks: true });
    const { route } = await answer();
    const liar = swarm.nodes.find(({ peerId }) => peerId === route[1])!;
    const { deliver } = liar.exchange;
    liar.exchange.deliver = (to, frame, signal) => {
      if (frame.kind !== 'task' || frame.input.dtype === 'u32') return deliver.call(liar.exchange, to, frame, signal);
      const hidden = frame.input.hidden.map((value) => value + 1);
      return deliver.call(liar.exchange, to, { ...frame, input: { dtype: 'f32', hidden } }, signal);
    };
    expect((await answer()).ids).not.toEqual(ids);
    for (let count = 0; count < 2; count++) expect((await answer()).ids).toEqual(ids);
    expect(swarm.guest.records.rests(liar.peerId)).toBe(true);
  });
});

describe('a check', () => {
  const talk = async (guest: SwarmNode, promptIds: number[]) => {
    const request = { promptIds, maxTokens: TOKENS, stopIds: new Set<number>(), topLogprobs: 0, conversation: 'main' };
    const ids: number[] = [];
    for await (const { id } of guest.coordinator.generate({ ...request, sampling: DEFAULT_SAMPLING })) ids.push(id);
    return ids;
  };

  it('gives way to the next question, which is answered as without it', { timeout: 60_000 }, async () => {
    swarm = await TestSwarm.create([[0, 1, 2, 3]]);
    const first = await talk(swarm.guest, PROMPT);
    const next = [...PROMPT, ...first, 7, 8, 9];
    const second = await talk(swarm.guest, next);
    await swarm.close();
    swarm = await TestSwarm.create(PAIRS, { checks: true, computeMs: 20 });
    expect(await talk(swarm.guest, PROMPT)).toEqual(first);
    expect(await talk(swarm.guest, next)).toEqual(second);
    await swarm.guest.coordinator.checked();
  });

  it('says nothing of anybody when the one that checks goes, or has no room', { timeout: 60_000 }, async () => {
    swarm = await TestSwarm.create([[0], [1], [2], [3], [1]], {
      checks: true,
      limits: (node) => (node >= 4 ? { sessions: 0 } : {}),
    });
    for (let count = 0; count < 2; count++) await answer();
    for (const { peerId } of swarm.nodes) {
      expect(passed(peerId)).toBe(0);
      expect(swarm.guest.records.rests(peerId)).toBe(false);
    }
  });
});
