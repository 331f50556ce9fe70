import { BPE, ByteLevelDecoder, ByteLevelPreTokenizer } from '@huggingface/tokenizers';
import { MergeRanks } from './merge-ranks.ts';
import { preTokenizerOf, wordSplitter } from './pre-tokenizers.ts';
import type { Vocabulary } from './vocabulary.ts';

/** Ordinary text, no special tokens in it, as token ids. */
export type TextEncode = (text: string) => number[];

/** BPE over bytes: words by regular expressions, each byte a character of GPT-2's alphabet, then the merges. */
export function byteLevelEncoder(vocabulary: Vocabulary, ids: Map<string, number>): TextEncode {
  const preTokenizer = preTokenizerOf(vocabulary.pre);
  const words = wordSplitter(preTokenizer);
  const alphabet = new ByteLevelPreTokenizer({ type: 'ByteLevel', add_prefix_space: false, use_regex: false });
  const model = new BPE({
    type: 'BPE',
    vocab: {},
    merges: [],
    ignore_merges: preTokenizer.ignoreMerges === true,
  });
  // Given as the library wants them, it would keep both several times.
  model.tokens_to_ids = ids;
  model.bpe_ranks = new MergeRanks(vocabulary.merges, ids, vocabulary.tokens.length);
  return (text) => model.encode(alphabet.pre_tokenize(words.pre_tokenize(text))).map((token) => ids.get(token)!);
}

const { byte_decoder: byteOf } = new ByteLevelDecoder({ type: 'ByteLevel' });
const utf8 = new TextEncoder();

/** The bytes that a token of GPT-2's alphabet stands for; a character outside it stands for itself. */
export function byteLevelBytes(token: string): Uint8Array {
  return Uint8Array.from([...token].flatMap((character) => byteOf[character] ?? [...utf8.encode(character)]));
}
