/** What the text of an answer has to be, whatever the model would rather say. */
export type AnswerGrammar =
  /** Any JSON object. */
  | { readonly kind: 'object' }
  /** JSON of this schema, itself JSON: on one line, properties in the schema's order. */
  | { readonly kind: 'schema'; readonly schema: string }
  /** Text of the rule `root`. */
  | { readonly kind: 'ebnf'; readonly rules: string }
  /** Free text with parts that are bound once they have begun. @see https://xgrammar.mlc.ai/docs/tutorials/structural_tag.html */
  | { readonly kind: 'tags'; readonly structuralTag: string }
  /** Free text with calls of functions. */
  | {
      readonly kind: 'calls';
      /** `schema` is of what stands between `begin` and `end`, as that of a `schema`. */
      readonly calls: readonly {
        /** A beginning of `begin`, the same of several or none of another's: where it stands, such a call must follow. */
        readonly trigger: string;
        readonly begin: string;
        readonly schema: string;
        readonly end: string;
      }[];
      /** Whether there has to be one, and no text before it. */
      readonly required: boolean;
      /** Whether the answer ends with the first. */
      readonly once: boolean;
    };

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
