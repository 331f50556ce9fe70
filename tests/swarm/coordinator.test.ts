import { afterEach, describe, expect, it } from 'vitest';
import { ShoalError } from '../../src/core/errors.ts';
import type { GeneratedToken, GenerationRequest, GenerationSummary } from '../../src/swarm/coordinator/generation.ts';
import { DEFAULT_SAMPLING } from '../../src/swarm/coordinator/sampler.ts';
import { TestSwarm } from './support/test-swarm.ts';

const PROMPT = Array.from({ length: 40 }, (_, index) => (index * 37) % 500);

let swarm: TestSwarm;
afterEach(() => swarm.close());

async function generate(
  node: { coordinator: TestSwarm['guest']['coordinator'] },
  more: Partial<GenerationRequest> = {},
): Promise<{ ids: number[]; tokens: GeneratedToken[]; summary: GenerationSummary }> {
  const generation = node.coordinator.generate({
    promptIds: PROMPT,
    maxTokens: 12,
    stopIds: new Set(),
    sampling: DEFAULT_SAMPLING,
    topLogprobs: 0,
    ...more,
  });
  const tokens: GeneratedToken[] = [];
  for (;;) {
    const next = await generation.next();
    if (next.done) return { ids: tokens.map(({ id }) => id), tokens, summary: next.value };
    tokens.push(next.value);
  }
}

/** What one node that holds everything says. */
async function alone(more: Partial<GenerationRequest> = {}): Promise<number[]> {
  const whole = await TestSwarm.create([[0, 1, 2, 3]]);
  try {
    return (await generate(whole.guest, more)).ids;
  } finally {
    await whole.close();
  }
}

describe('a prompt through four nodes', () => {
  it('gives the tokens that one node gives, and a lap with every stage', async () => {
    const expected = await alone();
    swarm = await TestSwarm.create([[0], [1], [2], [3]]);
    const { ids, tokens, summary } = await generate(swarm.guest);
    expect(ids).toEqual(expected);
    expect(new Set(ids).size).toBeGreaterThan(4);
    expect(tokens[0]!.lap.stages.map(({ layers }) => layers)).toEqual(
      swarm.manifest.shards.map(({ layers }) => layers),
    );
    expect(tokens.map(({ positions }) => positions)).toEqual([PROMPT.length, ...ids.slice(1).map(() => 1)]);
    expect(summary).toMatchObject({ finishReason: 'length', promptTokens: 40, completionTokens: 12, reusedTokens: 0 });
  });

  it('runs only the new tokens of a second turn, and none twice after the history changed', async () => {
    swarm = await TestSwarm.create([[0], [1], [2], [3]]);
    const first = await generate(swarm.guest, { conversation: 'main' });
    const longer = [...PROMPT, ...first.ids, 7, 8, 9];
    const second = await generate(swarm.guest, { conversation: 'main', promptIds: longer });
    // The last sampled token has never been run: it is new too.
    expect(second.summary.reusedTokens).toBe(PROMPT.length + first.ids.length - 1);
    expect(second.tokens[0]!.positions).toBe(4);
    expect(second.ids).toEqual(await alone({ promptIds: longer }));
    const edited = [...PROMPT.slice(0, 20), 5, 6];
    const third = await generate(swarm.guest, { conversation: 'main', promptIds: edited });
    expect(third.summary.reusedTokens).toBe(20);
    expect(third.ids).toEqual(await alone({ promptIds: edited }));
  });

  it('answers the same prompt again from the kept cache', async () => {
    swarm = await TestSwarm.create([[0], [1], [2], [3]]);
    const first = await generate(swarm.guest, { conversation: 'main' });
    const again = await generate(swarm.guest, { conversation: 'main' });
    expect(again.ids).toEqual(first.ids);
    expect(again.summary.reusedTokens).toBe(PROMPT.length - 1);
  });

  it('stops when asked and goes on in the same conversation', async () => {
    swarm = await TestSwarm.create([[0], [1], [2], [3]]);
    const abort = new AbortController();
    const generation = swarm.guest.coordinator.generate({
      conversation: 'main',
      promptIds: PROMPT,
      maxTokens: 50,
      stopIds: new Set(),
      sampling: DEFAULT_SAMPLING,
      topLogprobs: 0,
      signal: abort.signal,
    });
    await generation.next();
    abort.abort();
    const end = await generation.next();
    expect(end).toMatchObject({ done: true, value: { finishReason: 'abort', completionTokens: 1 } });
    expect((await generate(swarm.guest, { conversation: 'main' })).ids).toEqual(await alone());
  });

  it('ends at a stop token without saying it', async () => {
    const expected = await alone();
    swarm = await TestSwarm.create([[0], [1], [2], [3]]);
    const { ids, summary } = await generate(swarm.guest, { stopIds: new Set([expected[5]!]) });
    expect(ids).toEqual(expected.slice(0, expected.indexOf(expected[5]!)));
    expect(summary.finishReason).toBe('stop');
  });
});

describe('what goes wrong', () => {
  it('names the shard that is missing', async () => {
    swarm = await TestSwarm.create([[0], [1], [3]]);
    await expect(generate(swarm.guest)).rejects.toMatchObject({
      code: 'shard-missing',
      message: expect.stringContaining('shard 2 (layers 16-22)'),
    });
  });

  it('refuses a prompt longer than the context, with numbers', async () => {
    swarm = await TestSwarm.create([[0, 1, 2, 3]]);
    const promptIds = new Array<number>(5000).fill(1);
    await expect(generate(swarm.guest, { promptIds })).rejects.toMatchObject({
      code: 'context-full',
      message: expect.stringMatching(/5000.*4096/),
    });
  });

  it('ends the answer with a clear error when a stage without a spare vanishes', async () => {
    swarm = await TestSwarm.create([[0], [1], [2], [3]], { computeMs: 5 });
    const generation = swarm.guest.coordinator.generate({
      promptIds: PROMPT,
      maxTokens: 500,
      stopIds: new Set(),
      sampling: DEFAULT_SAMPLING,
      topLogprobs: 0,
    });
    await generation.next();
    swarm.kill(2);
    const rest = (async () => {
      while (!(await generation.next()).done);
    })();
    await expect(rest).rejects.toSatisfy(
      (error) => error instanceof ShoalError && ['shard-missing', 'peer-gone', 'peer-unreachable'].includes(error.code),
    );
  });

  it('goes on with the same tokens when a spare takes over', async () => {
    const expected = await alone({ maxTokens: 30 });
    swarm = await TestSwarm.create([[0], [1], [2], [3], [2]], { computeMs: 2 });
    const generation = swarm.guest.coordinator.generate({
      promptIds: PROMPT,
      maxTokens: 30,
      stopIds: new Set(),
      sampling: DEFAULT_SAMPLING,
      topLogprobs: 0,
    });
    const first = await generation.next();
    const ids = [first.value && 'id' in first.value ? first.value.id : -1];
    const used = first.value && 'lap' in first.value ? first.value.lap.stages[2]!.peerId : '';
    swarm.kill(swarm.nodes.findIndex(({ peerId }) => peerId === used));
    for (let next = await generation.next(); !next.done; next = await generation.next()) ids.push(next.value.id);
    expect(ids).toEqual(expected);
  });

  it('serves many coordinators at once', async () => {
    const expected = await alone();
    swarm = await TestSwarm.create([[0], [1], [2], [3]]);
    const answers = await Promise.all(Array.from({ length: 6 }, () => generate(swarm.guest)));
    for (const { ids } of answers) expect(ids).toEqual(expected);
  });
});
