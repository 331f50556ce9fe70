import { mergePairs } from './bpe.ts';
import type { TextEncode } from './byte-level.ts';
import { MergeRanks } from './merge-ranks.ts';
import { preTokenizerOf } from './pre-tokenizers.ts';
import { byteTokenIds, SPACE } from './sentence-piece.ts';
import type { Vocabulary } from './vocabulary.ts';
import { wordSplitter } from './word-splitter.ts';

/** BPE over characters, `▁` for a space, by a list of merges; a character without a token becomes its bytes' tokens. */
export function metaspaceEncoder(vocabulary: Vocabulary, ids: ReadonlyMap<string, number>): TextEncode {
  const preTokenizer = preTokenizerOf(vocabulary.pre);
  const words = wordSplitter(preTokenizer);
  const ranks = new MergeRanks(vocabulary.merges, ids, vocabulary.tokens.length);
  const rankOf = (left: string, right: string) => ranks.rankOf(left, right);
  const bytesOf = byteTokenIds(ids);
  const encodeWord = (word: string): readonly number[] => {
    const whole = preTokenizer.ignoreMerges === 'newlines' && word.startsWith('\n') ? ids.get(word) : undefined;
    if (whole !== undefined) return [whole];
    // A byte that the model has no token for is left out, as llama.cpp does.
    return mergePairs([...word], rankOf).flatMap((piece) => ids.get(piece) ?? bytesOf(piece).filter(isKnown));
  };
  return (text) => words(text.replaceAll(' ', SPACE)).flatMap(encodeWord);
}

function isKnown(id: number | undefined): id is number {
  return id !== undefined;
}
