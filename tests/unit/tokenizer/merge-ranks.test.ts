import { BPE } from '@huggingface/tokenizers';
import { expect, test } from 'vitest';
import { MergeRanks } from '../../../src/tokenizer/merge-ranks.ts';

test('says what the library would say of its own copies', () => {
  // Some are twice there, some have parts that are no tokens, or none, or too many; "b" is two tokens.
  const tokens = ['a', 'b', 'c', 'ab', 'b', 'abc', '"'];
  const merges = ['a b', 'b c', 'ab c', 'a b', 'x a', 'c x', 'a', 'a b c', '" c', 'c a', 'abc "'];
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const vocab = Object.fromEntries(ids);
  const { bpe_ranks } = new BPE({ type: 'BPE', vocab, merges: [...merges], ignore_merges: false });
  const ranks = new MergeRanks(merges, ids, tokens.length);
  const parts = [...tokens, 'x', 'xa', ''];
  for (const left of parts) {
    for (const right of parts) {
      const pair = JSON.stringify([left, right]);
      expect(ranks.rankOf(left, right), pair).toBe(bpe_ranks.get(pair));
    }
  }
  expect(ranks.rankOf('a', 'b')).toBe(7);
});
