import { TokenType, type Vocabulary } from './vocabulary.ts';

/** A text cut at its special tokens: strings are ordinary text, numbers token ids. */
export type Fragments = readonly (string | number)[];

/** Finds special tokens in text, the longest at each place. */
export class SpecialTokens {
  readonly #userDefined: RegExp | undefined;
  readonly #all: RegExp | undefined;
  readonly #ids = new Map<string, number>();

  constructor({ tokens, types }: Vocabulary) {
    const userDefined: string[] = [];
    for (const [id, token] of tokens.entries()) {
      const type = types[id];
      if (token === '' || (type !== TokenType.userDefined && !isControl(type))) continue;
      this.#ids.set(token, id);
      if (type === TokenType.userDefined) userDefined.push(token);
    }
    this.#userDefined = alternatives(userDefined);
    this.#all = alternatives([...this.#ids.keys()]);
  }

  /**
   * @param parseSpecial - whether control tokens count; otherwise their text is ordinary text, so that what a person
   * types cannot end a turn. User-defined tokens always count.
   */
  split(text: string, parseSpecial: boolean): Fragments {
    const pattern = parseSpecial ? this.#all : this.#userDefined;
    if (!pattern) return text === '' ? [] : [text];
    // A split by a group keeps the separators, at odd places.
    const parts = text.split(pattern);
    return parts.flatMap((part, place) => (place % 2 === 1 ? this.#ids.get(part)! : part === '' ? [] : part));
  }
}

/** Whether a token is a mark for the model and no text for people. */
export function isControl(type: number | undefined): boolean {
  return type === TokenType.control || type === TokenType.unknown;
}

function alternatives(tokens: readonly string[]): RegExp | undefined {
  if (tokens.length === 0) return undefined;
  const longestFirst = tokens.toSorted((a, b) => b.length - a.length);
  const escaped = longestFirst.map((token) => token.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`(${escaped.join('|')})`);
}
