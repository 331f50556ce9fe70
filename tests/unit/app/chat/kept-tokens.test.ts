import 'fake-indexeddb/auto';
import { beforeEach, expect, it, vi } from 'vitest';
import { DEFAULT_ANSWER_OPTIONS } from '../../../../src/app/chat/answer-options.ts';
import type { NotedAnswer } from '../../../../src/app/chat/answer-tokens.ts';
import { KeptTokens } from '../../../../src/app/chat/kept-tokens.ts';

const answerOf = (...ids: number[]): NotedAnswer => ({
  running: { options: DEFAULT_ANSWER_OPTIONS, before: '', promptIds: [1, 2], ids },
  tokens: [undefined, ...ids.slice(1).map((id) => ({ id, logprob: -0.5, top: [{ id: 9, logprob: -1.5 }] }))],
});
const place = (chat: string, message: number, home = 'model') => ({ home, chat, message });

let databases = 0;
let shelf: KeptTokens;
beforeEach(() => {
  shelf = new KeptTokens(`tokens-${databases++}`);
});

it('gives a conversation its answers, of its own model, the last said of each', async () => {
  await shelf.write(place('a', 1), answerOf(3, 4));
  await shelf.write(place('a', 1), answerOf(3, 4, 5));
  await shelf.write(place('a', 3), answerOf(6));
  await shelf.write(place('a', 5, 'another'), answerOf(7));
  await shelf.write(place('b', 1), answerOf(8));
  expect(await shelf.read('model', 'a')).toEqual(
    new Map([
      [1, { home: 'model', ...answerOf(3, 4, 5) }],
      [3, { home: 'model', ...answerOf(6) }],
    ]),
  );
});

it('forgets a conversation of all models, and no other, and knows it again when that is taken back', async () => {
  for (const at of [place('a', 1), place('a', 3, 'another'), place('b', 1)]) await shelf.write(at, answerOf(3, 4));
  const removed = await shelf.remove('a');
  expect((await shelf.read('model', 'a')).size + (await shelf.read('another', 'a')).size).toBe(0);
  expect((await shelf.read('model', 'b')).size).toBe(1);
  await shelf.putBack(removed);
  expect([...(await shelf.read('model', 'a')).keys()]).toEqual([1]);
  expect([...(await shelf.read('another', 'a')).keys()]).toEqual([3]);
});

it('keeps the newest of all conversations', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  try {
    for (let message = 0; message < 260; message++) {
      vi.setSystemTime(1_700_000_000_000 + message);
      await shelf.write(place(`chat ${message % 2}`, message), answerOf(1));
    }
  } finally {
    vi.useRealTimers();
  }
  const kept = [...(await shelf.read('model', 'chat 0')).keys(), ...(await shelf.read('model', 'chat 1')).keys()];
  expect(kept).toHaveLength(256);
  expect(Math.min(...kept)).toBe(4);
});
