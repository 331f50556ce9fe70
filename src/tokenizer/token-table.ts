import { Detokenizer } from './detokenizer.ts';

export interface DecodeOptions {
  /** Whether control tokens are left out; default false. */
  readonly skipSpecial?: boolean;
}

/** A vocabulary as bytes: what turns ids into text, and little enough to be sent to the page. */
export interface TokenData {
  /** All tokens' bytes, one behind the other. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** `[V]`: where each token's bytes end. */
  readonly ends: Uint32Array<ArrayBuffer>;
  /** `[V]`: 1 for marks that are no text for people. */
  readonly hidden: Uint8Array<ArrayBuffer>;
  /** A generation is over at any of these. */
  readonly eogIds: readonly number[];
  /** Whether a text begins with a space of the tokenizer's own. */
  readonly addsSpace: boolean;
}

const NO_BYTES = new Uint8Array(0);
const utf8 = new TextEncoder();
/** Characters whose bytes are counted at a time: a long text is seldom looked at to its end. */
const COUNT_CHARS = 1 << 16;
/** Against the rounding of a sum. */
const EPSILON = 1e-6;

/** A model's tokens as text, and how many a text has at the least. */
export class TokenTable {
  readonly data: TokenData;
  /** A generation is over at any of these. */
  readonly eogIds: ReadonlySet<number>;
  #shares: Float64Array | undefined;

  constructor(data: TokenData) {
    this.data = data;
    this.eogIds = new Set(data.eogIds);
  }

  /** V: ids are below this. */
  get size(): number {
    return this.data.ends.length;
  }

  /** The bytes that a token stands for, part of a character perhaps; none for one that is unused or out of range. */
  bytes(id: number): Uint8Array {
    const { bytes, ends } = this.data;
    const end = ends[id];
    return end === undefined ? NO_BYTES : bytes.subarray(id === 0 ? 0 : ends[id - 1], end);
  }

  /** The whole text of `ids`: without the space that encoding puts before a text, where it puts one. */
  decode(ids: readonly number[], options: DecodeOptions = {}): string {
    const detokenizer = this.detokenizer(options);
    const text = ids.map((id) => detokenizer.push(id)).join('') + detokenizer.flush();
    return this.data.addsSpace && text.startsWith(' ') ? text.slice(1) : text;
  }

  /** Text of tokens that come one by one and go on from what was before: nothing is stripped. */
  detokenizer({ skipSpecial = false }: DecodeOptions = {}): Detokenizer {
    return new Detokenizer((id) => (skipSpecial && this.data.hidden[id] === 1 ? NO_BYTES : this.bytes(id)));
  }

  /**
   * A number of tokens that the text does not come below, without tokenizing it: each byte lies in one token, which is
   * no longer than the longest with such a byte.
   * @param enough - where counting may end
   */
  fewestTokens(text: string, enough: number): number {
    this.#shares ??= this.#measureShares();
    let tokens = 0;
    for (let start = 0; start < text.length && tokens < enough; start += COUNT_CHARS) {
      for (const byte of utf8.encode(text.slice(start, start + COUNT_CHARS))) tokens += this.#shares[byte]!;
    }
    return Math.ceil(tokens - EPSILON);
  }

  /** Of each byte, the least part of a token that it is; 0 where it may be left out, as it is no token by itself. */
  #measureShares(): Float64Array {
    const longest = new Uint32Array(256);
    const alone = new Uint8Array(256);
    for (let id = 0; id < this.size; id++) {
      const bytes = this.bytes(id);
      if (bytes.length === 1) alone[bytes[0]!] = 1;
      for (const byte of bytes) longest[byte] = Math.max(longest[byte]!, bytes.length);
    }
    return Float64Array.from({ length: 256 }, (_, byte) => (alone[byte] ? 1 / longest[byte]! : 0));
  }
}

/** A table of these tokens. */
export function packTokens(
  tokens: readonly Uint8Array[],
  rest: Pick<TokenData, 'hidden' | 'eogIds' | 'addsSpace'>,
): TokenData {
  const ends = new Uint32Array(tokens.length);
  let end = 0;
  for (const [id, token] of tokens.entries()) {
    end += token.length;
    ends[id] = end;
  }
  const bytes = new Uint8Array(end);
  for (const [id, token] of tokens.entries()) bytes.set(token, ends[id]! - token.length);
  return { bytes, ends, ...rest };
}
