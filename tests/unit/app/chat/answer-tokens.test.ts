import { describe, expect, it } from 'vitest';
import { DEFAULT_ANSWER_OPTIONS } from '../../../../src/app/chat/answer-options.ts';
import { AnswerTokens } from '../../../../src/app/chat/answer-tokens.ts';
import { WatchedGenerator } from '../../../../src/app/watched-generator.ts';
import type { GenerationRequest } from '../../../../src/swarm/coordinator/generation.ts';
import { TokenTable } from '../../../../src/tokenizer/token-table.ts';

/** Token i is the i-th letter. */
const table = new TokenTable({
  bytes: new TextEncoder().encode('abcdefgh'),
  ends: Uint32Array.from({ length: 8 }, (_, index) => index + 1),
  hidden: new Uint8Array(8),
  eogIds: [],
  addsSpace: false,
});
const running = (ids: readonly number[]) => ({ options: DEFAULT_ANSWER_OPTIONS, before: '', promptIds: [7, 7], ids });
const drawn = (id: number, ...others: number[]) => ({
  id,
  logprob: Math.log(0.5),
  top: [id, ...others].map((other, index) => ({ id: other, logprob: Math.log(0.5 / 2 ** index) })),
});

describe('the tokens of an answer', () => {
  it('are told with what was likely in their places, the drawn one left out', () => {
    const tokens = new AnswerTokens();
    tokens.note(1, running([0, 1]), [drawn(0, 2, 3), drawn(1, 4)]);
    expect(tokens.rows(1, table)).toEqual([
      {
        text: 'a',
        share: expect.closeTo(0.5),
        others: [
          { text: 'c', share: expect.closeTo(0.25) },
          { text: 'd', share: expect.closeTo(0.125) },
        ],
      },
      { text: 'b', share: expect.closeTo(0.5), others: [{ text: 'e', share: expect.closeTo(0.25) }] },
    ]);
    expect(tokens.rows(2, table)).toEqual([]);
  });

  it('begin another answer at any place, with any other token', () => {
    const tokens = new AnswerTokens();
    tokens.note(1, running([0, 1, 2]), [drawn(0, 2, 3), drawn(1, 4), drawn(2)]);
    expect(tokens.begin(1, 1, 0)).toMatchObject({ promptIds: [7, 7], ids: [0, 4] });
    expect(tokens.begin(1, 0, 1)).toMatchObject({ ids: [3] });
    expect(tokens.begin(1, 2, undefined)).toMatchObject({ ids: [0, 1] });
    expect(tokens.begin(1, 1, 1)).toBeUndefined();
    expect(tokens.begin(1, 3, undefined)).toBeUndefined();
    expect(tokens.begin(2, 0, undefined)).toBeUndefined();
  });

  it('of an answer that went on are those of both parts; of one that an earlier page began those of this page', () => {
    const tokens = new AnswerTokens();
    tokens.note(1, running([0]), [drawn(0, 5)]);
    tokens.note(1, running([0, 1]), [drawn(1, 6)]);
    expect(tokens.rows(1, table).map(({ others }) => others.map(({ text }) => text))).toEqual([['f'], ['g']]);
    tokens.note(2, running([3, 4, 1]), [drawn(1, 6)]);
    expect(tokens.rows(2, table).map(({ text, share }) => [text, share === undefined])).toEqual([
      ['d', true],
      ['e', true],
      ['b', false],
    ]);
    expect(tokens.begin(2, 0, 0)).toBeUndefined();
    expect(tokens.begin(2, 0, undefined)).toMatchObject({ ids: [] });
  });

  it('are those of earlier pages too, the newest of each answer', () => {
    const [earlier, tokens] = [new AnswerTokens(), new AnswerTokens()];
    const kept = new Map([1, 2].map((id) => [id, earlier.note(id, running([id]), [drawn(id, 5)])]));
    tokens.note(2, running([2, 3]), [drawn(2), drawn(3)]);
    tokens.take(kept);
    expect([1, 2].map((id) => tokens.rows(id, table).map(({ text }) => text))).toEqual([['b'], ['c', 'd']]);
    expect(tokens.begin(1, 0, 0)).toMatchObject({ ids: [5] });
  });

  it('are noted beside what a request asks for, which gets no more', async () => {
    const asked: number[] = [];
    const token = { ...drawn(0, 1, 2, 3), lap: { totalMs: 1, stages: [] }, positions: 1 };
    const summary = {
      finishReason: 'stop',
      promptTokens: 1,
      reusedTokens: 0,
      completionTokens: 1,
      prefillMs: 1,
      decodeMs: 1,
    } as const;
    const watched = new WatchedGenerator(
      () => ({
        async *generate({ topLogprobs }) {
          asked.push(topLogprobs);
          yield token;
          return summary;
        },
      }),
      { alternatives: 6 },
    );
    for await (const { top } of watched.generate({ topLogprobs: 2 } as GenerationRequest)) expect(top).toHaveLength(2);
    expect(asked).toEqual([6]);
    expect(watched.drawn.map(({ top }) => top.length)).toEqual([4]);
  });
});
