import { BPE } from '@huggingface/tokenizers';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergePairs } from '../../../src/tokenizer/bpe.ts';
import { defaultTokenizer } from '../../support/default-tokenizer.ts';

const MERGES = ['a a', 'a b', 'aa aa', 'b a', 'ab ba', 'aa b', 'c c', 'cc a', 'aaaa b', 'b b'];
const ranks = new Map(MERGES.map((merge, rank) => [merge, rank]));
const rankOf = (left: string, right: string) => ranks.get(`${left} ${right}`);

describe('byte-pair merging', () => {
  it('gives the library’s pieces for any word', () => {
    const texts = [...'abc', ...MERGES.map((merge) => merge.replace(' ', ''))];
    const vocab = Object.fromEntries(texts.map((text, id) => [text, id]));
    const library = new BPE({ type: 'BPE', vocab, merges: [...MERGES], ignore_merges: false });
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'abc'), maxLength: 40 }), (word) => {
        expect(mergePairs([...word], rankOf)).toEqual(library.bpe(word));
      }),
      { numRuns: 2000 },
    );
  });

  it('forgets the rank of a pair that is another one now', () => {
    const merges = ['b c', 'a b', 'bc d', 'a bc'];
    const others = (left: string, right: string) => {
      const rank = merges.indexOf(`${left} ${right}`);
      return rank < 0 ? undefined : rank;
    };
    expect(mergePairs([...'abcd'], others)).toEqual(['a', 'bcd']);
  });

  it('takes pairs of one rank from the left', () => {
    expect(mergePairs([...'aaaaa'], rankOf)).toEqual(['aaaa', 'a']);
    expect(mergePairs([...'bbb'], rankOf)).toEqual(['bb', 'b']);
  });
});

describe('a long word', () => {
  it('takes time in proportion to its length', async () => {
    const tokenizer = await defaultTokenizer();
    const base64 = btoa(Array.from({ length: 150_000 }, (_, at) => String.fromCharCode((at * at * 31) & 255)).join(''));
    for (const text of ['a'.repeat(400_000), ' '.repeat(400_000), '好'.repeat(200_000), '\n'.repeat(400_000), base64]) {
      const before = process.cpuUsage();
      tokenizer.encode(text);
      // Of the processor, since a busy machine may pause any test. Quadratic, the letters took minutes.
      const { user } = process.cpuUsage(before);
      expect(user / 1000, JSON.stringify(text.slice(0, 4))).toBeLessThan(5000);
    }
  });
});
