import { afterEach, describe, expect, it } from 'vitest';
import type { Frame } from '../../src/protocol/frames.ts';
import type { HiddenFormat } from '../../src/protocol/hidden-formats.ts';
import { DEFAULT_SAMPLING } from '../../src/swarm/coordinator/sampler.ts';
import { TestSwarm } from './support/test-swarm.ts';

let swarm: TestSwarm;
afterEach(() => swarm.close());

/** The frames of an answer as the last stage of three gets them. */
async function framesOf(wire?: HiddenFormat): Promise<Frame[]> {
  swarm = await TestSwarm.create([[0, 1], [2], [3]], wire ? { wire } : {});
  const frames: Frame[] = [];
  swarm.nodes[2]!.exchange.onFrame(({ frame }) => frames.push(frame));
  const tokens = swarm.guest.coordinator.generate({
    promptIds: [1, 2, 3],
    maxTokens: 3,
    stopIds: new Set(),
    sampling: DEFAULT_SAMPLING,
    topLogprobs: 0,
  });
  for await (const _ of tokens);
  expect(frames.length).toBe(3);
  return frames;
}

describe('the format of hidden states', () => {
  it('is f32 unless the coordinator permits another', async () => {
    for (const frame of await framesOf()) expect(frame).toMatchObject({ wire: 'f32' });
  });

  it.each(['f16', 'q8'] as const)('%s is permitted to every stage of the route', async (wire) => {
    for (const frame of await framesOf(wire)) expect(frame).toMatchObject({ wire });
  });
});
