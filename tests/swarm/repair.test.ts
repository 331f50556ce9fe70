import { afterEach, describe, expect, it } from 'vitest';
import { ShoalError } from '../../src/core/errors.ts';
import { DEFAULT_SAMPLING } from '../../src/swarm/coordinator/sampler.ts';
import type { Wait } from '../../src/swarm/route/wait.ts';
import { KeptOutputs } from '../../src/swarm/stage/kept-outputs.ts';
import { alone, answerOf, promptOf } from './support/answer.ts';
import { TestSwarm } from './support/test-swarm.ts';

const PROMPT = promptOf(100);
const TOKENS = 24;

let swarm: TestSwarm;
afterEach(() => swarm?.close());

const REQUEST = { promptIds: PROMPT, maxTokens: TOKENS };

/** @param then - happens after the third token @param last - is told the route of the last lap */
async function answer(
  then?: (route: readonly string[]) => void,
  last?: (route: readonly string[]) => void,
  onWait: (wait: Wait | undefined) => void = () => undefined,
  conversation?: string,
): Promise<readonly number[]> {
  const named = conversation === undefined ? {} : { conversation };
  const { ids, route } = await answerOf(swarm.guest, { ...REQUEST, ...named, then, onWait });
  last?.(route);
  return ids;
}

const expected = () => alone(REQUEST);

const kill = (peerId: string | undefined) => swarm.kill(swarm.nodes.findIndex((node) => node.peerId === peerId));
const nodeOf = (peerId: string | undefined) => swarm.nodes.find((node) => node.peerId === peerId)!;
/** Positions that a node has computed. */
const computed = (peerId: string | undefined) => nodeOf(peerId).stages.tokensDone;

describe('a stage that vanishes in mid-answer', () => {
  it.each([0, 1, 2, 3])(
    'is rebuilt at a spare: stage %i; the answer is the same and no other stage runs again',
    async (lost) => {
      const ids = await expected();
      swarm = await TestSwarm.create([[0], [1], [2], [3], [lost]], { computeMs: 1 });
      let route: readonly string[] = [];
      const mended = await answer((peers) => {
        route = peers;
        kill(peers[lost]);
      });
      expect(mended).toEqual(ids);
      const others = route.filter((_, index) => index !== lost);
      // The lap that broke is run once more; the prompt is not.
      for (const peerId of others) expect(computed(peerId)).toBeLessThanOrEqual(PROMPT.length + TOKENS + 2);
      const spare = swarm.nodes.find((node) => !route.includes(node.peerId));
      expect(computed(spare?.peerId)).toBeGreaterThan(PROMPT.length);
    },
  );

  it('two neighbours at once', async () => {
    const ids = await expected();
    swarm = await TestSwarm.create([[0], [1], [2], [3], [1, 2]], { computeMs: 1 });
    // The spare is the shorter way: make it the loser of the first choice by what it still has to do.
    const mended = await answer((peers) => {
      kill(peers[1]);
      if (peers.length === 4) kill(peers[2]);
    });
    expect(mended).toEqual(ids);
  });

  it('two apart at once, and the last spare later', async () => {
    const ids = await expected();
    swarm = await TestSwarm.create([[0], [1], [2], [3], [0], [2]], { computeMs: 1 });
    const mended = await answer((peers) => {
      kill(peers[0]);
      kill(peers[2]);
    });
    expect(mended).toEqual(ids);
  });

  it('a node of the route takes a second place in it', async () => {
    const ids = await expected();
    swarm = await TestSwarm.create([[0], [1], [2, 0], [3]], { computeMs: 1 });
    let route: readonly string[] = [];
    const mended = await answer(
      () => kill(swarm.nodes[0]!.peerId),
      (peers) => {
        route = peers;
      },
    );
    expect(mended).toEqual(ids);
    const [, second, both, last] = swarm.nodes.map(({ peerId }) => peerId);
    expect(route).toEqual([both, second, both, last]);
  });

  it('a node that has lost its device serves again: its stage alone is rebuilt', async () => {
    const ids = await expected();
    swarm = await TestSwarm.create([[0], [1], [2], [3]], { computeMs: 1 });
    let route: readonly string[] = [];
    const mended = await answer((peers) => {
      route = peers;
      swarm.loseDevice(peers[2]!);
    });
    expect(mended).toEqual(ids);
    for (const peerId of [route[0], route[1], route[3]])
      expect(computed(peerId)).toBeLessThanOrEqual(PROMPT.length + TOKENS + 2);
  });
});

describe('a long conversation', () => {
  // Far more tasks of 16 tokens than a node keeps waiting of one tab.
  const long = { promptIds: promptOf(16 * 70), maxTokens: 4 };

  it.each([0, 2])('has a lost stage rebuilt without another prefill: stage %i', { timeout: 60_000 }, async (lost) => {
    const ids = await alone(long);
    swarm = await TestSwarm.create([[0], [1], [2], [3], [lost]], { computeMs: 1 });
    let route: readonly string[] = [];
    const then = (peers: readonly string[]) => {
      route = peers;
      kill(peers[lost]);
    };
    const { ids: mended } = await answerOf(swarm.guest, { ...long, then });
    expect(mended).toEqual(ids);
    for (const peerId of route.filter((_, index) => index !== lost))
      expect(computed(peerId)).toBeLessThanOrEqual(long.promptIds.length + long.maxTokens + 2);
  });
});

describe('a stage that vanishes with a spare', () => {
  it('is rebuilt at another: no other stage runs again', async () => {
    const ids = await expected();
    swarm = await TestSwarm.create([[0], [1], [2], [3], [1], [1]], { computeMs: 1 });
    const { commands } = swarm.guest;
    const { send } = commands;
    let route: readonly string[] = [];
    let gone: string | undefined;
    // The spare that is asked first goes before it answers.
    commands.send = async (...args: Parameters<typeof send>) => {
      const [to, command] = args;
      if (route.length > 0 && command === 'OPEN_SESSION') {
        gone ??= to;
        if (gone === to) kill(to);
      }
      return send.apply(commands, args);
    };
    const mended = await answer((peers) => {
      route = peers;
      kill(peers[1]);
    });
    expect(mended).toEqual(ids);
    expect(gone).toBeDefined();
    for (const peerId of [route[0], route[2], route[3]])
      expect(computed(peerId)).toBeLessThanOrEqual(PROMPT.length + TOKENS + 2);
  });
});

describe('stages that go back further than they are asked to', () => {
  const stateSteps = [1, 16, 24, 1, 1];

  it('agree on what is left: the answer to a prompt that was changed is the same, and no more runs again', async () => {
    const ask = async (promptIds: readonly number[]) => {
      const tokens = swarm.guest.coordinator.generate({
        ...{ conversation: 'main', promptIds, maxTokens: TOKENS, stopIds: new Set<number>() },
        ...{ sampling: DEFAULT_SAMPLING, topLogprobs: 0 },
      });
      const ids: number[] = [];
      for await (const { id } of tokens) ids.push(id);
      return ids;
    };
    const changed = PROMPT.with(90, 499);
    swarm = await TestSwarm.create([[0, 1, 2, 3]]);
    const expectedIds = [await ask(PROMPT), await ask(changed), await ask(changed)];
    await swarm.close();
    swarm = await TestSwarm.create([[0], [1], [2], [3]], { stateSteps, computeMs: 1 });
    expect([await ask(PROMPT), await ask(changed), await ask(changed)]).toEqual(expectedIds);
    // Of the 90 that are the same two stages keep 80 and 72 at first, and agree on 48; of 99 on 96.
    const agreed = 48 + 96;
    for (const { stages } of swarm.nodes) {
      expect(stages.tokensDone).toBe(3 * (PROMPT.length - 1 + TOKENS) - agreed);
      expect(stages.tasksFailed).toBe(0);
    }
  });

  it('mend a route with one that is lost, twice', async () => {
    const ids = await expected();
    swarm = await TestSwarm.create([[0], [1], [2], [3], [3], [3]], { stateSteps, computeMs: 20 });
    let route: readonly string[] = [];
    // The next lap has come by the stages before it by then: they are a token ahead.
    const mended = await answer((peers) => {
      route = peers;
      setTimeout(() => kill(peers[3]), 70);
      setTimeout(() => {
        const spares = swarm.nodes.slice(3).filter(({ peerId }) => peerId !== peers[3]);
        kill(spares.find(({ stages }) => stages.tokensDone > 0)?.peerId);
      }, 1000);
    });
    expect(mended).toEqual(ids);
    // Of about 103 tokens two keep 96, of about 112 as well; what was after them runs again, and no more.
    for (const peerId of route.slice(0, 3)) {
      expect(computed(peerId)).toBeGreaterThan(PROMPT.length + TOKENS + 15);
      expect(computed(peerId)).toBeLessThan(PROMPT.length + TOKENS + 50);
    }
  });
});

describe('a stage that is there but cannot roll back', () => {
  it('gives its place up, and may take it again later: its stage alone is rebuilt', async () => {
    const ids = await expected();
    swarm = await TestSwarm.create([[0], [1], [2], [3], [1]], { computeMs: 1 });
    const { commands } = swarm.guest;
    const { send } = commands;
    let refusing: string | undefined;
    // As a stage answers that is not filled up to there yet.
    commands.send = async (...args: Parameters<typeof send>) => {
      const [to, command] = args;
      if (to !== refusing || command !== 'TRUNCATE_SESSION') return send.apply(commands, args);
      refusing = undefined;
      throw new ShoalError('bad-request', '0 positions cannot go back to 100.');
    };
    let route: readonly string[] = [];
    const mended = await answer(
      (peers) => {
        refusing = peers[2];
        kill(peers[1]);
        route = peers;
      },
      (peers) => expect(peers[2]).toBe(route[2]),
    );
    expect(mended).toEqual(ids);
    for (const peerId of [route[0], route[3]]) expect(computed(peerId)).toBeLessThanOrEqual(PROMPT.length + TOKENS + 2);
    for (const node of swarm.nodes.filter(({ peerId }) => peerId !== route[1])) {
      expect(node.stages.sessionCount).toBe(0);
      expect(swarm.runnerSessions(node.peerId)).toBe(0);
    }
  });
});

describe('a stage that vanishes between two answers', () => {
  it('is rebuilt once, as far as the next answer goes on from it', async () => {
    const ids = await expected();
    swarm = await TestSwarm.create([[0], [1], [2], [3], [1]], { computeMs: 10 });
    const again = (then?: (route: readonly string[]) => void) => answer(then, undefined, undefined, 'main');
    let route: readonly string[] = [];
    expect(
      await again((peers) => {
        route = peers;
      }),
    ).toEqual(ids);
    kill(route[1]);
    expect(await again()).toEqual(ids);
    const spare = swarm.nodes.find((node) => !route.includes(node.peerId))!;
    expect(spare.stages.tokensDone).toBe(PROMPT.length - 1 + TOKENS);
    for (const peerId of [route[0], route[2], route[3]]) expect(computed(peerId)).toBe(PROMPT.length - 1 + 2 * TOKENS);
    for (const { stages } of swarm.nodes) expect(stages.tasksFailed).toBe(0);
  });
});

describe('a stage that vanishes without a spare', () => {
  it('is fetched by the least loaded of the willing, and the answer says what it waits for', async () => {
    const ids = await expected();
    swarm = await TestSwarm.create([[0], [1], [2], [3]], { computeMs: 1, willing: true, fetchMs: 1500 });
    const waits: (Wait | undefined)[] = [];
    let route: readonly string[] = [];
    const mended = await answer(
      (peers) => kill(peers[1]),
      (peers) => {
        route = peers;
      },
      (wait) => waits.push(wait),
    );
    expect(mended).toEqual(ids);
    expect(route).toHaveLength(4);
    const [, lost] = swarm.nodes.map(({ peerId }) => peerId);
    expect(route).not.toContain(lost);
    const fetching = waits.findLast((wait) => wait?.reason === 'shard');
    expect(fetching).toMatchObject({ layers: swarm.manifest.shards[1]!.layers, peerIds: [route[1]] });
    expect(waits.at(-1)).toBeUndefined();
  });

  it('is taken over by the tab that asks where nobody is willing: at once where it has the layers stored', async () => {
    const ids = await expected();
    swarm = await TestSwarm.create([[0], [1], [2], [3]], { computeMs: 1, stored: [1], fetchMs: 60_000 });
    let route: readonly string[] = [];
    const mended = await answer(
      (peers) => kill(peers[1]),
      (peers) => {
        route = peers;
      },
    );
    expect(mended).toEqual(ids);
    expect(route[1]).toBe(swarm.guest.peerId);
  });

  it('is fetched by the tab that asks where nobody is willing and its device has room', async () => {
    const ids = await expected();
    swarm = await TestSwarm.create([[0], [1], [2], [3]], { computeMs: 1, room: true, fetchMs: 1000 });
    const waits: (Wait | undefined)[] = [];
    const mended = await answer(
      (peers) => kill(peers[2]),
      () => undefined,
      (wait) => waits.push(wait),
    );
    expect(mended).toEqual(ids);
    expect(waits.findLast((wait) => wait?.reason === 'shard')).toMatchObject({ peerIds: [swarm.guest.peerId] });
  });

  it('ends the answer when nobody is willing, and there is no room for the layers here', async () => {
    swarm = await TestSwarm.create([[0], [1], [2], [3]], { computeMs: 1 });
    await expect(answer((peers) => kill(peers[1]))).rejects.toMatchObject({ code: 'shard-missing' });
  });
});

describe('kept outputs', () => {
  const rows = (from: number, count: number) =>
    Float32Array.from({ length: count * 2 }, (_, index) => from * 2 + index);

  it('come back in chunks of any size, also after a truncation', () => {
    const kept = new KeptOutputs(2);
    kept.keep('s', 0, rows(0, 5));
    kept.keep('s', 5, rows(5, 1));
    kept.keep('s', 6, rows(6, 4));
    kept.truncate('s', 8);
    kept.keep('s', 8, rows(8, 1));
    for (const maxTokens of [1, 2, 4, 9, 100]) {
      const chunks = [...kept.replay('s', { start: 0, end: 9 }, maxTokens)];
      expect(chunks.flatMap(({ hidden }) => [...hidden])).toEqual([...rows(0, 9)]);
      expect(chunks.map(({ position }) => position)).toEqual(
        Array.from({ length: Math.ceil(9 / maxTokens) }, (_, index) => index * maxTokens),
      );
    }
  });

  it('say so when they are not complete any more, the longest rested first', () => {
    const kept = new KeptOutputs(2, 100);
    kept.keep('old', 0, rows(0, 5));
    kept.keep('new', 0, rows(0, 5));
    kept.keep('new', 5, rows(5, 5));
    expect(() => [...kept.replay('old', { start: 0, end: 5 }, 10)]).toThrow(
      expect.objectContaining({ code: 'limit-exceeded' }),
    );
    expect([...kept.replay('new', { start: 0, end: 10 }, 10)]).toHaveLength(1);
    kept.truncate('old', 0);
    kept.keep('old', 0, rows(0, 1));
    expect([...kept.replay('old', { start: 0, end: 1 }, 10)]).toHaveLength(1);
  });
});
