import { SplitPreTokenizer } from '@huggingface/tokenizers';
import { splitDigitGroups } from './digit-groups.ts';
import type { PreTokenizer } from './pre-tokenizers.ts';

/** Cuts a text into words, none of them empty; joined they are the text. */
export type WordSplitter = (text: string) => readonly string[];

/** Cuts text by each of a pre-tokenizer's patterns in turn. */
export function wordSplitter({ patterns }: PreTokenizer): WordSplitter {
  const splitters = patterns.map((pattern): WordSplitter => {
    if (typeof pattern !== 'string') return (text) => splitDigitGroups(text, pattern);
    const split = new SplitPreTokenizer({ type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated' });
    return (text) => split.pre_tokenize(text);
  });
  return (text) =>
    splitters.reduce<readonly string[]>((pieces, split) => pieces.flatMap(split), text === '' ? [] : [text]);
}
