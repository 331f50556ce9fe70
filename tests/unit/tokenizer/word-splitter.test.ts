import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PRE_TOKENIZERS, preTokenizerOf } from '../../../src/tokenizer/pre-tokenizers.ts';
import { wordSplitter } from '../../../src/tokenizer/word-splitter.ts';

/** One name of each: the others of a family are cut alike. */
const NAMES = PRE_TOKENIZERS.filter(
  (name, place) => PRE_TOKENIZERS.findIndex((other) => preTokenizerOf(other) === preTokenizerOf(name)) === place,
);
const LENGTH = 50_000;
const RUNS = ['a', 'A', '好', '\u0301', ' ', '\n', ' \n', '1', '!', "'s", 'a ', '1a'];
const ENDS = ['', 'x', '1'];

describe.each(NAMES)('the words of %s', (name) => {
  const words = wordSplitter(preTokenizerOf(name));

  it('are the text, and none is empty', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (text) => {
        expect(words(text).join('')).toBe(text);
        expect(words(text)).not.toContain('');
      }),
    );
  });

  it('take time in proportion to their number', () => {
    for (const [run, end] of RUNS.flatMap((run) => ENDS.map((end) => [run, end] as const))) {
      const text = run.repeat(LENGTH / run.length) + end;
      const before = process.cpuUsage();
      const joined = words(text).join('');
      // Of the processor, since a busy machine may pause any test. By the square it is two seconds.
      expect(process.cpuUsage(before).user / 1000, JSON.stringify(run + end)).toBeLessThan(1000);
      expect(joined === text).toBe(true);
    }
  }, 60_000);
});
