import { expect, it } from 'vitest';
import { WatchedGenerator } from '../../../src/app/watched-generator.ts';
import type {
  GeneratedToken,
  GenerationRequest,
  GenerationSummary,
  Generator,
} from '../../../src/swarm/coordinator/generation.ts';

const token: GeneratedToken = { id: 1, logprob: 0, top: [], lap: { totalMs: 1, stages: [] }, positions: 1 };
const summary: GenerationSummary = {
  finishReason: 'stop',
  promptTokens: 1,
  reusedTokens: 0,
  completionTokens: 2,
  prefillMs: 1,
  decodeMs: 1,
};
const request = {} as GenerationRequest;

function twoTokens(onEnd: () => void): Generator {
  return {
    async *generate() {
      try {
        yield token;
        yield token;
        return summary;
      } finally {
        onEnd();
      }
    },
  };
}

it('ends the answer that it watches when its reader leaves early', async () => {
  let ended = 0;
  const watched = new WatchedGenerator(() => twoTokens(() => ended++));
  for await (const { id } of watched.generate(request)) {
    expect(id).toBe(1);
    expect(ended).toBe(0);
    break;
  }
  expect(ended).toBe(1);
  expect(watched.progressNote.value).toBeUndefined();
});

it('passes every token and the summary on', async () => {
  const seen: unknown[] = [];
  const watched = new WatchedGenerator(() => twoTokens(() => {}), { onToken: (each) => seen.push(each) });
  const tokens = watched.generate(request);
  expect([await tokens.next(), await tokens.next()].map(({ value }) => value)).toEqual([token, token]);
  expect(await tokens.next()).toEqual({ done: true, value: summary });
  expect(watched.summary.value).toBe(summary);
  expect(seen).toEqual([token, token]);
});
