import { BPE } from '@huggingface/tokenizers';
import type { TextEncode } from './byte-level.ts';
import { TokenType, type Vocabulary } from './vocabulary.ts';

/** Stands for a space within SentencePiece's tokens. */
const SPACE = '▁';

/**
 * Ranks of pairs that are not listed but follow from scores: two neighbours merge when their union is a token, the
 * highest score first, the leftmost pair among equals.
 */
class RanksByScore extends Map<string, number> {
  readonly #ranks = new Map<string, number>();

  constructor({ tokens, types, scores }: Vocabulary) {
    super();
    // Control, unknown and byte tokens never come from text: "<", "/s>" in a prompt must not end it.
    const mergeable = [...tokens.keys()].filter((id) => {
      return types[id] === TokenType.normal || types[id] === TokenType.userDefined || types[id] === TokenType.unused;
    });
    mergeable.sort((a, b) => scores[b]! - scores[a]!);
    let rank = -1;
    let score: number | undefined;
    for (const id of mergeable) {
      if (scores[id] !== score) rank++;
      score = scores[id];
      this.#ranks.set(tokens[id]!, rank);
    }
  }

  /** @param pair - JSON of `[left, right]`, the library's key */
  override get(pair: string): number | undefined {
    const [left, right] = JSON.parse(pair) as [string, string];
    return this.#ranks.get(left + right);
  }
}

/** BPE over characters with scores; a character without a token becomes its UTF-8 bytes' tokens. */
export function sentencePieceEncoder(vocabulary: Vocabulary, ids: Map<string, number>): TextEncode {
  const { tokens, unknownId } = vocabulary;
  const unknown = unknownId === undefined ? null : tokens[unknownId]!;
  const model = new BPE({
    type: 'BPE',
    // The library takes its unknown token from here; all of them as an object it would keep twice.
    vocab: unknown === null ? {} : { [unknown]: unknownId! },
    merges: [],
    ignore_merges: false,
    byte_fallback: true,
    unk_token: unknown,
  });
  model.tokens_to_ids = ids;
  model.bpe_ranks = new RanksByScore(vocabulary);
  return (text) => model.encode([text.replaceAll(' ', SPACE)]).flatMap((token) => ids.get(token) ?? unknownId ?? []);
}

const BYTE_TOKEN = /^<0x([0-9A-Fa-f]{2})>$/;
const utf8 = new TextEncoder();

/** The text's bytes, or the one byte that `<0x0A>` names. */
export function sentencePieceBytes(token: string, type: number): Uint8Array {
  const byte = type === TokenType.byte ? BYTE_TOKEN.exec(token)?.[1] : undefined;
  if (byte !== undefined) return Uint8Array.of(Number.parseInt(byte, 16));
  return utf8.encode(token.replaceAll(SPACE, ' '));
}
