import { isControl, TokenType } from './token-types.ts';
import type { Vocabulary } from './vocabulary.ts';

/** A text cut at its special tokens: strings are ordinary text, numbers token ids. */
export type Fragments = readonly (string | number)[];

/** Which special tokens are looked for. */
export type SpecialKind =
  /** What gives a prompt its structure: control tokens, and user-defined ones that look like it. */
  | 'marks'
  /** The other user-defined tokens: pieces of text, which count wherever they stand. */
  | 'pieces'
  /** Both. */
  | 'all';

/** User-defined tokens of this form are turns and tools to a model, whatever its file calls them. */
const LIKE_A_MARK = /^<[|｜].*[|｜]>$/u;

/** What C's `isspace` takes for spaces. */
const SPACE = '[ \\t\\n\\v\\f\\r]';

/** Finds special tokens in text, the longest at each place. */
export class SpecialTokens {
  /** Texts of the marks, the longest first. */
  readonly marks: readonly string[];
  readonly #patterns: Readonly<Record<SpecialKind, RegExp | undefined>>;
  readonly #ids = new Map<string, number>();

  constructor({ tokens, types, stripsRight }: Pick<Vocabulary, 'tokens' | 'types' | 'stripsRight'>) {
    const pieces: string[] = [];
    const marks: string[] = [];
    for (const [id, token] of tokens.entries()) {
      const type = types[id];
      if (token === '' || (type !== TokenType.userDefined && !isControl(type))) continue;
      this.#ids.set(token, id);
      (isControl(type) || LIKE_A_MARK.test(token) ? marks : pieces).push(token);
    }
    this.marks = marks.sort((a, b) => b.length - a.length);
    const strips = (token: string) => stripsRight.has(this.#ids.get(token)!);
    const pattern = (texts: readonly string[]) => alternatives(texts, texts.filter(strips));
    this.#patterns = {
      pieces: pattern(pieces),
      all: pattern([...this.#ids.keys()]),
      marks: pattern(this.marks),
    };
  }

  /** Cuts text at the tokens of a kind; the texts of others are ordinary text. */
  split(text: string, kind: SpecialKind): Fragments {
    const pattern = this.#patterns[kind];
    if (!pattern) return text === '' ? [] : [text];
    // A split by a group keeps the separators, at odd places.
    const parts = text.split(pattern);
    return parts.flatMap((part, place) => (place % 2 === 1 ? this.#ids.get(part)! : part === '' ? [] : part));
  }
}

/** @param stripping - those of `tokens` that take the spaces behind them along */
function alternatives(tokens: readonly string[], stripping: readonly string[]): RegExp | undefined {
  if (tokens.length === 0) return undefined;
  const spaces = stripping.length === 0 ? '' : `(?:(?<=${anyOf(stripping)})${SPACE}+)?`;
  return new RegExp(`(${anyOf(tokens)})${spaces}`);
}

function anyOf(tokens: readonly string[]): string {
  const longestFirst = tokens.toSorted((a, b) => b.length - a.length);
  return longestFirst.map((token) => token.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|');
}
