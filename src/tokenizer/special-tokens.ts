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
const LEADING_SPACES = /^[ \t\n\v\f\r]+/;

/** Finds special tokens in text, the longest at each place. */
export class SpecialTokens {
  /** Texts of the marks, the longest first. */
  readonly marks: readonly string[];
  readonly #patterns: Readonly<Record<SpecialKind, RegExp | undefined>>;
  readonly #ids = new Map<string, number>();
  readonly #stripsRight: ReadonlySet<number>;

  constructor({ tokens, types, stripsRight }: Pick<Vocabulary, 'tokens' | 'types' | 'stripsRight'>) {
    this.#stripsRight = stripsRight;
    const pieces: string[] = [];
    const marks: string[] = [];
    for (const [id, token] of tokens.entries()) {
      const type = types[id];
      if (token === '' || (type !== TokenType.userDefined && !isControl(type))) continue;
      this.#ids.set(token, id);
      (isControl(type) || LIKE_A_MARK.test(token) ? marks : pieces).push(token);
    }
    this.marks = marks.sort((a, b) => b.length - a.length);
    this.#patterns = {
      pieces: alternatives(pieces),
      all: alternatives([...this.#ids.keys()]),
      marks: alternatives(this.marks),
    };
  }

  /** Cuts text at the tokens of a kind; the texts of others are ordinary text. */
  split(text: string, kind: SpecialKind): Fragments {
    const pattern = this.#patterns[kind];
    if (!pattern) return text === '' ? [] : [text];
    // A split by a group keeps the separators, at odd places.
    const parts = text.split(pattern);
    const fragments: (string | number)[] = [];
    for (const [place, part] of parts.entries()) {
      const before = fragments.at(-1);
      if (place % 2 === 1) fragments.push(this.#ids.get(part)!);
      else {
        const rest =
          typeof before === 'number' && this.#stripsRight.has(before) ? part.replace(LEADING_SPACES, '') : part;
        if (rest !== '') fragments.push(rest);
      }
    }
    return fragments;
  }
}

function alternatives(tokens: readonly string[]): RegExp | undefined {
  if (tokens.length === 0) return undefined;
  const longestFirst = tokens.toSorted((a, b) => b.length - a.length);
  const escaped = longestFirst.map((token) => token.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`(${escaped.join('|')})`);
}
