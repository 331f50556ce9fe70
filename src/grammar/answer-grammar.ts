/** What the text of an answer has to be, whatever the model would rather say. */
export type AnswerGrammar =
  /** Any JSON object. */
  | { readonly kind: 'object' }
  /** JSON of this schema, itself JSON: on one line, properties in the schema's order. */
  | { readonly kind: 'schema'; readonly schema: string }
  /** Free text between `thought.begin` and `thought.end`, unless it may be left out; then `begin`, and JSON of this schema. */
  | {
      readonly kind: 'thought-first';
      readonly thought: { readonly begin: string; readonly end: string; readonly optional: boolean };
      readonly begin: string;
      readonly schema: string;
    }
  /** Text of the rule `root`. */
  | { readonly kind: 'ebnf'; readonly rules: string }
  /** Free text with parts that are bound once they have begun. @see https://xgrammar.mlc.ai/docs/tutorials/structural_tag.html */
  | { readonly kind: 'tags'; readonly structuralTag: string }
  /** Free text with calls of functions. */
  | {
      readonly kind: 'calls';
      readonly calls: readonly {
        /** A beginning of `begin`, the same of several or none of another's: where it stands, such a call must follow. */
        readonly trigger: string;
        readonly begin: string;
        /** Of letters and digits, before the arguments. */
        readonly id?: { readonly length: number; readonly end: string };
        readonly arguments: CallArguments;
        readonly end: string;
      }[];
      /** Whether there has to be one, and no text before it. */
      readonly required: boolean;
      /** Whether the answer ends with the first. */
      readonly once: boolean;
    };

/** What stands between the beginning of a call and its end. */
export type CallArguments =
  /** An object, as that of a `schema`. */
  | { readonly kind: 'json'; readonly schema: string }
  /** One after the other, in this order. */
  | { readonly kind: 'parameters'; readonly parameters: readonly CallParameter[] };

/** An argument that has a beginning and an end of its own. */
export interface CallParameter {
  readonly name: string;
  readonly begin: string;
  /** JSON as that of a `schema`, the characters of a text, or what stands between the quotes of one in JSON. */
  readonly value:
    | { readonly kind: 'json'; readonly schema: string }
    | { readonly kind: 'text' }
    | { readonly kind: 'inside'; readonly pattern: string }
    | { readonly kind: 'one-of'; readonly texts: readonly string[] };
  readonly end: string;
  readonly required: boolean;
}

/** Follows one answer along its grammar. */
export interface GrammarFollower {
  /**
   * The tokens that may come after these, which are all of the answer so far.
   * @returns bit `id % 32` of word `id >> 5` set for each, `[ceil(V / 32)]`; `end` where nothing may but the answer's end
   * @throws ShoalError `bad-request` where the vocabulary has no token that goes on
   */
  allowed(ids: readonly number[]): Promise<Uint32Array | 'end'>;
  /** The answer is over. */
  close(): void;
}

/** Grammars over the vocabulary of one model. */
export interface Grammars {
  /** @throws ShoalError `bad-request` when the grammar cannot be read or takes too long to compile */
  follow(grammar: AnswerGrammar): Promise<GrammarFollower>;
}
