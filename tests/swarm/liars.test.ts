import { afterEach, describe, expect, it, vi } from 'vitest';
import type { StageTask, TaskResult } from '../../src/engine/layer-runner.ts';
import type { Candidates } from '../../src/protocol/frames.ts';
import type { RouteEvent } from '../../src/swarm/coordinator/route-event.ts';
import { DEFAULT_SAMPLING } from '../../src/swarm/coordinator/sampler.ts';
import type { SwarmNode } from '../../src/swarm/node.ts';
import type { TaskState } from '../../src/swarm/stage/stage-server.ts';
import { alone, answerOf, promptOf } from './support/answer.ts';
import { TestSwarm } from './support/test-swarm.ts';

const PROMPT = promptOf(40);
const TOKENS = 12;
/** Of a stage that does nothing: goal 2500 ms, as for a crash; what a busy machine adds must not fail. */
const PAUSE_MS = 8000;

let swarm: TestSwarm;
afterEach(() => swarm?.close());

const REQUEST = { promptIds: PROMPT, maxTokens: TOKENS };
/** @param then - happens after the third token */
const answer = (then?: (route: readonly string[]) => void) => answerOf(swarm.guest, { ...REQUEST, then });
const expected = () => alone(REQUEST);

const pauseOf = (events: readonly RouteEvent[]) =>
  Math.max(...events.map((event) => (event.kind === 'replaced' ? event.pauseMs : Number.POSITIVE_INFINITY)));

describe('a stage whose device stands still while its page is well', () => {
  it.each([0, 1, 3])('is replaced as soon as one that has crashed: stage %i', { timeout: 60_000 }, async (hung) => {
    const ids = await expected();
    swarm = await TestSwarm.create([[0], [1], [2], [3], [hung]], { computeMs: 2 });
    let stalledAtMs = 0;
    const found = await answer((route) => {
      swarm.hang(route[hung]!);
      stalledAtMs = performance.now();
    });
    expect(found.ids).toEqual(ids);
    expect(found.events.map(({ kind }) => kind)).toEqual(['replaced']);
    expect(performance.now() - stalledAtMs).toBeLessThan(PAUSE_MS);
  });

  it('is found before a prompt too, and not chosen again', { timeout: 60_000 }, async () => {
    const ids = await expected();
    swarm = await TestSwarm.create([[0], [1], [2], [3], [1]], { computeMs: 2 });
    const { route } = await answer();
    const hung = route[1]!;
    swarm.hang(hung);
    for (let asked = 0; asked < 3; asked++) {
      const startedAtMs = performance.now();
      const found = await answer();
      expect(found.ids).toEqual(ids);
      expect(found.route).not.toContain(hung);
      expect(performance.now() - startedAtMs).toBeLessThan(PAUSE_MS);
    }
  });

  it('is found before the next question of a conversation', { timeout: 60_000 }, async () => {
    const talk = async (promptIds: readonly number[]) => {
      const ids: number[] = [];
      const request = {
        conversation: 'main',
        promptIds,
        maxTokens: TOKENS,
        stopIds: new Set<number>(),
        topLogprobs: 0,
      };
      for await (const { id } of swarm.guest.coordinator.generate({ ...request, sampling: DEFAULT_SAMPLING }))
        ids.push(id);
      return ids;
    };
    swarm = await TestSwarm.create([[0, 1, 2, 3]]);
    const first = await talk(PROMPT);
    // The second takes back the end of the first.
    const changed = [...PROMPT, ...first.slice(0, 5), 1, 2, 3];
    const second = await talk(changed);
    await swarm.close();
    swarm = await TestSwarm.create([[0], [1], [2], [3], [1]], { computeMs: 2 });
    const events: RouteEvent[] = [];
    swarm.guest.coordinator.onRoute((event) => events.push(event));
    expect(await talk(PROMPT)).toEqual(first);
    for (const { peerId, stages } of swarm.nodes.filter((_, index) => index % 3 === 1))
      if (stages.tokensDone > 0) swarm.hang(peerId);
    const startedAtMs = performance.now();
    expect(await talk(changed)).toEqual(second);
    expect(performance.now() - startedAtMs).toBeLessThan(PAUSE_MS);
    expect(events.map(({ kind }) => kind)).toEqual(['replaced']);
  });

  it('is waited for where nobody else has its layers', { timeout: 60_000 }, async () => {
    const ids = await expected();
    swarm = await TestSwarm.create([[0], [1], [2], [3]], { computeMs: 2 });
    const found = await answer((route) => {
      const runner = swarm.runner(route[2]!);
      const { executeBatch } = runner;
      runner.executeBatch = async (tasks) => {
        runner.executeBatch = executeBatch;
        await new Promise((resolve) => setTimeout(resolve, 3000));
        return executeBatch.call(runner, tasks);
      };
    });
    expect(found.ids).toEqual(ids);
    expect(found.events).toEqual([]);
  });

  it('is told from one that is busy with the long prompts of others', { timeout: 60_000 }, async () => {
    const ids = await expected();
    swarm = await TestSwarm.create([[0], [1], [2], [3], [1]], { computeMs: 50 });
    const others = Array.from({ length: 6 }, () => swarm.addGuest());
    const known = () => others.every(({ membership }) => membership.members().length === swarm.nodes.length);
    await vi.waitFor(() => expect(known()).toBe(true), 10_000);
    const talk = async (guest: SwarmNode) => {
      const request = { promptIds: PROMPT, maxTokens: 20, stopIds: new Set<number>(), topLogprobs: 0 };
      for await (const _ of guest.coordinator.generate({ ...request, sampling: DEFAULT_SAMPLING }));
    };
    const [found] = await Promise.all([answer(), ...others.map(talk)]);
    expect(found.ids).toEqual(ids);
    expect(found.events).toEqual([]);
  });
});

describe('a member that claims to be the fastest and swallows tasks', () => {
  const claims: Record<string, () => TaskState> = {
    'says that it has passed them on': () => ({ state: 'passed', busyMs: 0, expectedMs: 0 }),
    'says that they never came': () => ({ state: 'unknown', busyMs: 0, expectedMs: 0 }),
    'says that it holds them and rests': () => ({ state: 'held', busyMs: 0, expectedMs: 0 }),
    'says that it is at them, as always': () => ({ state: 'held', busyMs: 1900, expectedMs: 1000 }),
  };

  it.each(Object.entries(claims))('%s: every answer comes', { timeout: 120_000 }, async (_, claim) => {
    const ids = await expected();
    swarm = await TestSwarm.create([[0], [1], [2], [3], [0, 1, 2, 3]], { computeMs: 2 });
    const liar = swarm.nodes[4]!;
    Object.defineProperty(liar.stages, 'layersPerSecond', { get: () => 1e9 });
    swarm.runner(liar.peerId).executeBatch = () => new Promise<never>(() => undefined);
    liar.stages.taskState = claim;
    liar.membership.publishNow();
    for (let asked = 0; asked < 3; asked++) {
      const found = await answer();
      expect(found.ids).toEqual(ids);
      expect(found.route).not.toContain(liar.peerId);
    }
  });

  it('is not chosen for its claims: what was measured counts', async () => {
    swarm = await TestSwarm.create(
      [
        [0, 1, 2, 3],
        [0, 1, 2, 3],
      ],
      { computeMs: 2 },
    );
    const { route } = await answer();
    const other = swarm.nodes.find(({ peerId }) => !route.includes(peerId))!;
    Object.defineProperty(other.stages, 'layersPerSecond', { get: () => 1e9 });
    other.membership.publishNow();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect((await answer()).route).toEqual(route);
  });

  it('that is slow and says that it is not is left after its first answer', { timeout: 60_000 }, async () => {
    swarm = await TestSwarm.create(
      [
        [0, 1, 2, 3],
        [0, 1, 2, 3],
      ],
      { computeMs: 1 },
    );
    const { route } = await answer();
    const runner = swarm.runner(route[0]!);
    const { executeBatch } = runner;
    runner.executeBatch = async (tasks) => {
      await new Promise((resolve) => setTimeout(resolve, 150));
      return executeBatch.call(runner, tasks);
    };
    await answer();
    expect((await answer()).route).not.toEqual(route);
  });
});

describe('a stage that sends what cannot be', () => {
  type Lie = (result: TaskResult, task: StageTask) => TaskResult;
  const change =
    (row: Partial<Candidates>): Lie =>
    (result) =>
      'rows' in result && result.rows?.[0] ? { ...result, rows: [{ ...result.rows[0], ...row }] } : result;
  const lies: Record<string, Lie> = {
    'no rows': (result) => ({ ...result, rows: [] }),
    'a row too many': (result) =>
      'rows' in result && result.rows?.[0] ? { ...result, rows: [result.rows[0], result.rows[0]] } : result,
    'no candidates': change({ ids: new Uint32Array(), logits: new Float32Array() }),
    'a token beyond the vocabulary': change({ ids: Uint32Array.of(5000), logits: Float32Array.of(1) }),
    'no numbers for logits': change({ logits: Float32Array.of(Number.NaN) }),
    'endless logits': change({ logits: Float32Array.of(Number.POSITIVE_INFINITY) }),
    'a sum that is no number': change({ logSumExp: Number.NaN }),
    'a sum below its largest part': change({ logSumExp: -5 }),
    'logits that nobody wanted': change({ wantedLogits: Float32Array.of(1) }),
    'an error of its own making': () => ({ error: { code: 'context-full', message: 'Go away.' } }),
    'an unknown error': () => ({ error: { code: 'internal', message: 'undefined is not a function' } }),
  };

  async function lying(shards: readonly number[], lie: Lie) {
    const ids = await expected();
    swarm = await TestSwarm.create([[0], [1], [2], [3], shards], { computeMs: 1 });
    const found = await answer((route) => {
      const runner = swarm.runner(route[shards[0]!]!);
      const { executeBatch } = runner;
      runner.executeBatch = async (tasks) =>
        (await executeBatch.call(runner, tasks)).map((result, index) => lie(result, tasks[index]!));
    });
    expect(found.ids).toEqual(ids);
    expect(found.events.map(({ kind }) => kind)).toEqual(['replaced']);
    expect(pauseOf(found.events)).toBeLessThan(PAUSE_MS);
  }

  it.each(Object.entries(lies))('%s: is blamed and left out', { timeout: 60_000 }, (_, lie) => lying([3], lie));

  it.each([Number.NaN, Number.POSITIVE_INFINITY])(
    'hidden states of %d: the one that made them is blamed, not the one that finds them',
    { timeout: 60_000 },
    async (value) => {
      let stage = '';
      await lying([1], (result) => {
        stage = 'lied';
        return 'hidden' in result && result.hidden ? { ...result, hidden: result.hidden.map(() => value) } : result;
      });
      expect(stage).toBe('lied');
    },
  );
});
