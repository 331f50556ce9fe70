import { afterEach, expect, it } from 'vitest';
import { DEFAULT_SAMPLING } from '../../src/swarm/coordinator/sampler.ts';
import { TestSwarm } from './support/test-swarm.ts';

// The pause that is told of a stage that was replaced.

const SLOW_MS = 400;
const slowly = () => new Promise((resolve) => setTimeout(resolve, SLOW_MS));

let swarm: TestSwarm;
afterEach(() => swarm.close());

const kill = (peerId: string | undefined) => swarm.kill(swarm.nodes.findIndex((node) => node.peerId === peerId));

/** Answers in one conversation; the second stage of the route goes after each of these numbers of tokens. */
async function answer(losses: readonly number[], signal?: AbortSignal): Promise<number> {
  let tokens = 0;
  const generated = swarm.guest.coordinator.generate({
    conversation: 'main',
    promptIds: Array.from({ length: 30 }, (_, index) => index),
    maxTokens: 24,
    stopIds: new Set(),
    sampling: DEFAULT_SAMPLING,
    topLogprobs: 0,
    ...(signal ? { signal } : {}),
  });
  for await (const { lap } of generated) if (losses.includes(++tokens)) kill(lap.stages[1]!.peerId);
  return tokens;
}

/** Takes note of the pauses that are told. @param then - called with each, and who took over */
function notePauses(then: (count: number, taker: string) => void): number[] {
  const pausesMs: number[] = [];
  swarm.guest.coordinator.onRoute((event) => {
    if (event.kind !== 'replaced') return;
    pausesMs.push(event.pauseMs);
    then(pausesMs.length, event.to[0]!);
  });
  return pausesMs;
}

it('counts from the first attempt to mend the route, until a lap has come round, and then anew', async () => {
  swarm = await TestSwarm.create([[0], [1], [2], [3], [1], [1], [1], [1]], { computeMs: 1 });
  const { commands } = swarm.guest;
  const { send } = commands;
  let openings = 0;
  // The spare that is asked first takes its time, and goes before it answers.
  commands.send = async (...args: Parameters<typeof send>) => {
    const [to, command] = args;
    if (command === 'OPEN_SESSION' && ++openings === 5) {
      await slowly();
      kill(to);
    }
    return send.apply(commands, args);
  };
  // The next one goes before the answer has gone on.
  const pausesMs = notePauses((count, taker) => count === 1 && kill(taker));
  expect(await answer([3, 10])).toBe(24);
  expect(pausesMs).toHaveLength(3);
  for (const pauseMs of pausesMs.slice(0, 2)) expect(pauseMs).toBeGreaterThanOrEqual(SLOW_MS - 1);
  expect(pausesMs[2]).toBeLessThan(SLOW_MS / 2);
});

it('counts nothing of the time between an answer that was stopped and the next', async () => {
  swarm = await TestSwarm.create([[0], [1], [2], [3], [1], [1]], { computeMs: 1 });
  const stop = new AbortController();
  let taker = '';
  const pausesMs = notePauses((_, peerId) => {
    taker = peerId;
    stop.abort();
  });
  expect(await answer([3], stop.signal)).toBe(3);
  await slowly();
  kill(taker);
  expect(await answer([])).toBe(24);
  expect(pausesMs).toHaveLength(2);
  expect(pausesMs[1]).toBeLessThan(SLOW_MS / 2);
});
