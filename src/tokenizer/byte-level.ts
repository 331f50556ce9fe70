import { ByteLevelDecoder, ByteLevelPreTokenizer } from '@huggingface/tokenizers';
import { mergePairs } from './bpe.ts';
import { MergeRanks } from './merge-ranks.ts';
import { preTokenizerOf } from './pre-tokenizers.ts';
import type { Vocabulary } from './vocabulary.ts';
import { wordSplitter } from './word-splitter.ts';

/** Ordinary text, no special tokens in it, as token ids. */
export type TextEncode = (text: string) => number[];

/** BPE over bytes: words by regular expressions, each byte a character of GPT-2's alphabet, then the merges. */
export function byteLevelEncoder(vocabulary: Vocabulary, ids: ReadonlyMap<string, number>): TextEncode {
  const preTokenizer = preTokenizerOf(vocabulary.pre);
  const words = wordSplitter(preTokenizer);
  const alphabet = new ByteLevelPreTokenizer({ type: 'ByteLevel', add_prefix_space: false, use_regex: false });
  const ranks = new MergeRanks(vocabulary.merges, ids, vocabulary.tokens.length);
  const rankOf = (left: string, right: string) => ranks.rankOf(left, right);
  const encodeWord = (word: string): readonly number[] => {
    const whole = preTokenizer.ignoreMerges === 'all' ? ids.get(word) : undefined;
    if (whole !== undefined) return [whole];
    // A byte that the model has no token for is left out, as llama.cpp does.
    return mergePairs([...word], rankOf).flatMap((piece) => ids.get(piece) ?? []);
  };
  return (text) => alphabet.pre_tokenize([...words(text)]).flatMap(encodeWord);
}

const { byte_decoder: byteOf } = new ByteLevelDecoder({ type: 'ByteLevel' });
const characterOf = new Map(Object.entries(byteOf).map(([character, byte]) => [Number(byte), character]));
const utf8 = new TextEncoder();

/** The bytes that a token of GPT-2's alphabet stands for; a character outside it stands for itself. */
export function byteLevelBytes(token: string): Uint8Array {
  return Uint8Array.from([...token].flatMap((character) => byteOf[character] ?? [...utf8.encode(character)]));
}

/** Bytes in GPT-2's alphabet, a character each. */
export function byteLevelText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => characterOf.get(byte)!).join('');
}
