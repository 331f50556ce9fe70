import { afterEach, describe, expect, it, vi } from 'vitest';
import type { LayerRunner, StageTask } from '../../src/engine/layer-runner.ts';
import { DEFAULT_SAMPLING } from '../../src/swarm/coordinator/sampler.ts';
import type { SwarmNode } from '../../src/swarm/node.ts';
import { checkLent } from '../../src/swarm/shards/check-capacity.ts';
import { checkLending, LENDS_ALL, type Lending, restMs } from '../../src/swarm/stage/lending.ts';
import { StageWork, type Work } from '../../src/swarm/stage/stage-work.ts';
import { Lane } from '../../src/swarm/stage/task-queue.ts';
import { TestSwarm } from './support/test-swarm.ts';

const PROMPT = Array.from({ length: 20 }, (_, index) => (index * 37) % 500);
const LAYERS = { start: 0, end: 4 };

let swarm: TestSwarm | undefined;
afterEach(async () => {
  await swarm?.close();
  swarm = undefined;
});

async function answer(
  node: SwarmNode,
  { maxTokens = 8, onToken = (_count: number): unknown => undefined } = {},
): Promise<{ ids: number[]; peers: Set<string> }> {
  const ids: number[] = [];
  const peers = new Set<string>();
  const request = { promptIds: PROMPT, maxTokens, stopIds: new Set<number>(), topLogprobs: 0 };
  for await (const { id, lap } of node.coordinator.generate({ ...request, sampling: DEFAULT_SAMPLING })) {
    ids.push(id);
    for (const { peerId } of lap.stages) peers.add(peerId);
    await onToken(ids.length);
  }
  return { ids, peers };
}

describe('a node whose owner pauses it', () => {
  it('hands its answers over without a gap, takes no new ones, and comes back', async () => {
    const lent: Lending[] = [LENDS_ALL, LENDS_ALL];
    swarm = await TestSwarm.create(
      [
        [0, 1, 2, 3],
        [0, 1, 2, 3],
      ],
      {
        computeMs: 5,
        lending: (place) => lent[place],
      },
    );
    const expected = (await answer(swarm.guest, { maxTokens: 40 })).ids;
    let pausedPlace: number | undefined;
    const pause = (peers: ReadonlySet<string>) => {
      pausedPlace = swarm!.nodes.findIndex(({ peerId }) => peers.has(peerId));
      lent[pausedPlace] = { ...LENDS_ALL, paused: true };
      swarm!.nodes[pausedPlace]!.membership.publishNow();
    };
    const ids: number[] = [];
    const last: string[] = [];
    const request = { promptIds: PROMPT, maxTokens: 40, stopIds: new Set<number>(), topLogprobs: 0 };
    for await (const { id, lap } of swarm.guest.coordinator.generate({ ...request, sampling: DEFAULT_SAMPLING })) {
      ids.push(id);
      last.splice(0, last.length, ...lap.stages.map(({ peerId }) => peerId));
      if (ids.length === 5) pause(new Set(last));
    }
    expect(ids).toEqual(expected);
    const paused = swarm.nodes[pausedPlace!]!;
    expect(last).not.toContain(paused.peerId);
    expect((await answer(swarm.guest)).peers).not.toContain(paused.peerId);
    // Its own answers go on in it.
    expect((await answer(paused)).peers).toContain(paused.peerId);
    lent[pausedPlace!] = LENDS_ALL;
    paused.membership.publishNow();
    const other = 1 - pausedPlace!;
    lent[other] = { ...LENDS_ALL, paused: true };
    swarm.nodes[other]!.membership.publishNow();
    await vi.waitFor(async () => expect((await answer(swarm!.guest)).peers).toEqual(new Set([paused.peerId])), 10_000);
  });
});

describe('a node that is lent to some', () => {
  it('serves whom its owner names, and others go round it', async () => {
    const lent: (Lending | undefined)[] = [undefined, undefined];
    swarm = await TestSwarm.create(
      [
        [0, 1, 2, 3],
        [0, 1, 2, 3],
      ],
      { lending: (place) => lent[place] },
    );
    const [chosen, open] = swarm.nodes;
    lent[0] = { ...LENDS_ALL, onlyFor: [open!.peerId] };
    for (let round = 0; round < 4; round++) {
      expect((await answer(swarm.guest)).peers).toEqual(new Set([open!.peerId]));
    }
    lent[0] = { ...LENDS_ALL, onlyFor: [swarm.guest.peerId] };
    lent[1] = { ...LENDS_ALL, onlyFor: [] };
    // It was left alone for a while because it had refused.
    await vi.waitFor(async () => expect((await answer(swarm!.guest)).peers).toEqual(new Set([chosen!.peerId])), {
      timeout: 60_000,
      interval: 500,
    });
  });

  it('holds as many sessions of others as its owner says: the next waits for its turn', async () => {
    swarm = await TestSwarm.create([[0, 1, 2, 3]], {
      computeMs: 2,
      lending: () => ({ ...LENDS_ALL, sessions: 1 }),
    });
    const [node] = swarm.nodes;
    let most = 0;
    const look = () => {
      most = Math.max(most, node!.stages.sessionCount);
    };
    const askers = [swarm.guest, swarm.addGuest(), swarm.addGuest()];
    await vi.waitFor(() => expect(askers.every((asker) => asker.membership.members().length > 0)).toBe(true), 5000);
    const answers = await Promise.all(askers.map((asker) => answer(asker, { onToken: look })));
    expect(new Set(answers.map(({ ids }) => ids.join())).size).toBe(1);
    expect(most).toBe(1);
  });
});

describe("the owner's limits", () => {
  it('refuse by name what is not lent', () => {
    const consent = expect.objectContaining({ code: 'consent-required' });
    expect(() => checkLending({ ...LENDS_ALL, paused: true }, 'a', 0)).toThrow(consent);
    expect(() => checkLending({ ...LENDS_ALL, onlyFor: ['b'] }, 'a', 0)).toThrow(consent);
    expect(() => checkLending({ ...LENDS_ALL, onlyFor: ['a'] }, 'a', 0)).not.toThrow();
    expect(() => checkLending({ ...LENDS_ALL, sessions: 2 }, 'a', 2)).toThrow(
      expect.objectContaining({ code: 'busy' }),
    );
    expect(() => checkLending({ ...LENDS_ALL, sessions: 2 }, 'a', 1)).not.toThrow();
    expect(() => checkLent(101, 100)).toThrow(expect.objectContaining({ code: 'out-of-memory' }));
    expect(() => checkLent(100, 100)).not.toThrow();
    expect(() => checkLent(100)).not.toThrow();
  });

  it('have a device rest for as long as its share leaves', () => {
    expect(restMs(10, LENDS_ALL)).toBe(0);
    expect(restMs(10, { ...LENDS_ALL, share: 0.5 })).toBe(10);
    expect(restMs(10, { ...LENDS_ALL, share: 0.25 })).toBe(30);
  });

  it.each([
    ['others', true],
    ['its own tab', false],
  ])('have it rest after work for %s', async (_, forOthers) => {
    const rest = 1000;
    const work = new StageWork(LAYERS.end, {}, undefined, (computeMs) => (rest / 20) * computeMs);
    const startsMs: number[] = [];
    const executeBatch = async (tasks: readonly StageTask[]) => {
      startsMs.push(performance.now());
      return tasks.map(() => ({ computeMs: 20 }));
    };
    work.useRunner({ executeBatch } as unknown as LayerRunner);
    const lane = new Lane<Work>('coordinator', LAYERS);
    const run = (task: number) =>
      new Promise<void>((resolve, reject) => {
        work.push(lane, {
          ...{ task, tokens: 1, bytes: 4, forOthers },
          stage: { session: 's', layers: LAYERS, position: task, input: { dtype: 'u32', ids: new Uint32Array(1) } },
          done: async () => resolve(),
          failed: async (error) => reject(error),
        });
      });
    await run(0);
    // The result is there before the rest.
    const doneMs = performance.now();
    await run(1);
    expect(doneMs - startsMs[0]!).toBeLessThan(rest - 100);
    const gapMs = startsMs[1]! - startsMs[0]!;
    if (forOthers) expect(gapMs).toBeGreaterThanOrEqual(rest - 2);
    else expect(gapMs).toBeLessThan(rest - 100);
  });

  it('count for what others are told of its speed', async () => {
    swarm = await TestSwarm.create([[0, 1, 2, 3]], { computeMs: 5, lending: () => ({ ...LENDS_ALL, share: 0.5 }) });
    await answer(swarm.guest);
    const { stages } = swarm.nodes[0]!;
    // 30 layers in 5 ms.
    expect(stages.layersPerSecond).toBeCloseTo(3000, -1);
    expect(stages.lentWork.total).toBe(30 * (PROMPT.length + 7));
    expect(stages.lentWork.of(swarm.guest.peerId)).toBe(stages.lentWork.total);
  });
});
