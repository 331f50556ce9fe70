import { mergePairs } from './bpe.ts';
import type { TextEncode } from './byte-level.ts';
import { TokenType } from './token-types.ts';
import type { Vocabulary } from './vocabulary.ts';

/** Stands for a space within SentencePiece's tokens. */
export const SPACE = '▁';

/**
 * Ranks of pairs that are not listed but follow from scores: two neighbours merge when their union is a token, the
 * highest score first, the leftmost pair among equals.
 */
class RanksByScore {
  readonly #ranks = new Map<string, number>();

  constructor({ tokens, types, scores }: Vocabulary) {
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

  rankOf(left: string, right: string): number | undefined {
    return this.#ranks.get(left + right);
  }
}

/** BPE over characters with scores; a character without a token becomes its UTF-8 bytes' tokens. */
export function sentencePieceEncoder(vocabulary: Vocabulary, ids: ReadonlyMap<string, number>): TextEncode {
  const { unknownId } = vocabulary;
  const ranks = new RanksByScore(vocabulary);
  const rankOf = (left: string, right: string) => ranks.rankOf(left, right);
  const bytesOf = byteTokenIds(ids);
  const idsOf = (piece: string): number | readonly number[] => {
    const known = ids.get(piece);
    if (known !== undefined) return known;
    const bytes = bytesOf(piece);
    return bytes.every((id) => id !== undefined) ? bytes : (unknownId ?? []);
  };
  return (text) => mergePairs([...text.replaceAll(' ', SPACE)], rankOf).flatMap(idsOf);
}

/** Finds the tokens `<0x00>` to `<0xFF>` of a text's UTF-8 bytes; undefined for a byte that has none. */
export function byteTokenIds(ids: ReadonlyMap<string, number>): (text: string) => (number | undefined)[] {
  const byByte = Array.from({ length: 256 }, (_, byte) =>
    ids.get(`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`),
  );
  return (text) => Array.from(utf8.encode(text), (byte) => byByte[byte]);
}

const BYTE_TOKEN = /^<0x([0-9A-Fa-f]{2})>$/;
const utf8 = new TextEncoder();

/** The text's bytes, or the one byte that `<0x0A>` names. */
export function sentencePieceBytes(token: string, type: number): Uint8Array {
  const byte = type === TokenType.byte ? BYTE_TOKEN.exec(token)?.[1] : undefined;
  if (byte !== undefined) return Uint8Array.of(Number.parseInt(byte, 16));
  return utf8.encode(token.replaceAll(SPACE, ' '));
}
