import type {
  CompiledGrammar,
  GrammarCompiler,
  GrammarFormat,
  GrammarMatcher,
  StructuralTag,
  StructuralTagFormat,
  TagFormat,
} from '@mlc-ai/web-xgrammar';
import { ShoalError } from '../core/errors.ts';
import { byteLevelText } from '../tokenizer/byte-level.ts';
import { type TokenData, TokenTable } from '../tokenizer/token-table.ts';
import type { AnswerGrammar, CallArguments, CallParameter } from './answer-grammar.ts';
import { loadXgrammar, takeSaid } from './xgrammar.ts';

/** An agent asks with the same few again and again. */
const MAX_COMPILED = 16;
/** Commas and colons as `json.dumps` writes them: one way to write each value, so that no answer is lost in spaces. */
const SEPARATORS: [string, string] = [', ', ': '];
const ONE_LINE = -1;
const ANY_TEXT: StructuralTagFormat = { type: 'any_text' };
/** No characters. */
const NOTHING: GrammarFormat = { type: 'grammar', grammar: 'root ::= ""' };

const WORDS: Readonly<Record<AnswerGrammar['kind'], string>> = {
  object: 'JSON grammar',
  schema: 'JSON schema',
  'thought-first': 'JSON schema',
  ebnf: 'EBNF grammar',
  tags: 'structural tag',
  calls: 'list of tools',
};

/** Compiles grammars over one vocabulary and follows answers through them, in the thread that calls. */
export class GrammarMatchers {
  readonly #compiler: GrammarCompiler;
  /** Tokens that end an answer, as a mask. */
  readonly #stops: Uint32Array;
  /** By what was compiled; the latest last. */
  readonly #compiled = new Map<string, CompiledGrammar>();
  readonly #matchers = new Map<number, GrammarMatcher>();
  #begun = 0;

  static async open(tokens: TokenData): Promise<GrammarMatchers> {
    const { TokenizerInfo, GrammarCompiler: Compiler } = await loadXgrammar();
    const table = new TokenTable(tokens);
    // A mark has no text that could be part of an answer; the library leaves tokens without text out.
    const texts = Array.from({ length: table.size }, (_, id) =>
      tokens.hidden[id] === 1 ? '' : byteLevelText(table.bytes(id)),
    );
    const stops = [...table.eogIds];
    const info = await TokenizerInfo.createTokenizerInfo(texts, 'byte_level', false, table.size, stops);
    return new GrammarMatchers(await Compiler.createGrammarCompiler(info, false), stops);
  }

  private constructor(compiler: GrammarCompiler, stops: readonly number[]) {
    this.#compiler = compiler;
    this.#stops = new Uint32Array(Math.max(-1, ...stops.map((id) => id >> 5)) + 1);
    for (const id of stops) this.#stops[id >> 5]! |= 1 << (id % 32);
  }

  /** @returns a number for the answer that begins @throws ShoalError `bad-request`; nothing is to be begun here after that */
  async begin(grammar: AnswerGrammar): Promise<number> {
    const { GrammarMatcher: Matcher } = await loadXgrammar();
    const matcher = await Matcher.createGrammarMatcher(await this.#compile(grammar));
    const answer = this.#begun++;
    this.#matchers.set(answer, matcher);
    return answer;
  }

  /**
   * Goes on by these tokens of the answer.
   * @returns as `GrammarFollower.allowed`
   */
  async advance(answer: number, ids: readonly number[]): Promise<Uint32Array<ArrayBuffer> | 'end'> {
    const matcher = this.#matchers.get(answer);
    if (!matcher) throw new ShoalError('internal', 'The answer is over; its grammar is not followed any more.');
    for (const id of ids)
      if (!matcher.acceptToken(id)) throw new ShoalError('bad-result', `Token ${id} is not of the answer's grammar.`);
    const allowed = Uint32Array.from(await matcher.getNextTokenBitmask());
    if (allowed.some((word, index) => (word & ~(this.#stops[index] ?? 0)) !== 0)) return allowed;
    if (allowed.some((word) => word !== 0)) return 'end';
    throw new ShoalError('bad-request', "The model's vocabulary has no token with which the answer's grammar goes on.");
  }

  end(answer: number): void {
    this.#matchers.get(answer)?.dispose();
    this.#matchers.delete(answer);
  }

  async #compile(grammar: AnswerGrammar): Promise<CompiledGrammar> {
    const name = JSON.stringify(grammar);
    const known = this.#compiled.get(name);
    this.#compiled.delete(name);
    const compiled = known ?? (await this.#compileNew(grammar));
    this.#compiled.set(name, compiled);
    if (this.#compiled.size > MAX_COMPILED) {
      const [oldest] = this.#compiled.keys();
      this.#compiled.get(oldest!)!.dispose();
      this.#compiled.delete(oldest!);
    }
    return compiled;
  }

  async #compileNew(grammar: AnswerGrammar): Promise<CompiledGrammar> {
    takeSaid();
    try {
      switch (grammar.kind) {
        case 'object':
          return await this.#compileSchema('{"type":"object"}');
        case 'schema':
          return await this.#compileSchema(grammar.schema);
        case 'thought-first':
          return await this.#compiler.compileStructuralTag(await thoughtFirstTag(grammar));
        case 'ebnf':
          return await this.#compiler.compileGrammar(grammar.rules);
        case 'tags':
          return await this.#compiler.compileStructuralTag(grammar.structuralTag);
        case 'calls':
          return await this.#compiler.compileStructuralTag(await callsTag(grammar));
      }
    } catch (cause) {
      // A number is where the library keeps an error whose words it cannot hand over.
      const thrown = typeof cause === 'number' ? 'it does not have the form of one.' : ShoalError.from(cause).message;
      const why = takeSaid() || thrown;
      throw new ShoalError('bad-request', `The request's ${WORDS[grammar.kind]} cannot be used: ${why}`, { cause });
    }
  }

  #compileSchema(schema: string): Promise<CompiledGrammar> {
    return this.#compiler.compileJSONSchema(schema, false, ONE_LINE, SEPARATORS, true);
  }
}

async function thoughtFirstTag(grammar: AnswerGrammar & { readonly kind: 'thought-first' }): Promise<StructuralTag> {
  const { thought, begin, schema } = grammar;
  const think: TagFormat = { type: 'tag', begin: thought.begin, content: ANY_TEXT, end: thought.end };
  const answer: TagFormat = { type: 'tag', begin, content: await schemaFormat(schema), end: '' };
  return {
    format: {
      type: 'sequence',
      elements: [thought.optional ? { type: 'or', elements: [think, NOTHING] } : think, answer],
    },
  };
}

async function callsTag(grammar: AnswerGrammar & { readonly kind: 'calls' }): Promise<StructuralTag> {
  const tags: TagFormat[] = [];
  for (const { begin, id, arguments: args, end } of grammar.calls) {
    const given = await argumentsFormat(args);
    tags.push({
      type: 'tag',
      begin,
      content: id ? { type: 'sequence', elements: [...idFormat(id), given] } : given,
      end,
    });
  }
  const triggers = [...new Set(grammar.calls.map(({ trigger }) => trigger))];
  const { required: at_least_one, once: stop_after_first } = grammar;
  return { format: { type: 'triggered_tags', triggers, tags, at_least_one, stop_after_first } };
}

function idFormat({ length, end }: { readonly length: number; readonly end: string }): StructuralTagFormat[] {
  return [
    { type: 'regex', pattern: `[a-zA-Z0-9]{${length}}` },
    { type: 'const_string', value: end },
  ];
}

async function argumentsFormat(args: CallArguments): Promise<StructuralTagFormat> {
  if (args.kind === 'json') return schemaFormat(args.schema);
  const elements: StructuralTagFormat[] = [];
  for (const parameter of args.parameters) {
    const tag = await parameterTag(parameter);
    elements.push(parameter.required ? tag : { type: 'or', elements: [tag, NOTHING] });
  }
  return elements.length > 0 ? { type: 'sequence', elements } : NOTHING;
}

async function parameterTag({ begin, value, end }: CallParameter): Promise<TagFormat> {
  const tag = (content: StructuralTagFormat): TagFormat => ({ type: 'tag', begin, content, end });
  switch (value.kind) {
    case 'json':
      return tag(await schemaFormat(value.schema));
    case 'text':
      return tag(ANY_TEXT);
    case 'inside':
      return tag({ type: 'regex', pattern: value.pattern });
    case 'one-of':
      return tag({ type: 'or', elements: value.texts.map((text) => ({ type: 'const_string', value: text })) });
  }
}

/** A schema in a structural tag would be written with any spaces: as a grammar of its own it is not. */
async function schemaFormat(schema: string): Promise<GrammarFormat> {
  const { Grammar } = await loadXgrammar();
  const rules = await Grammar.fromJSONSchema(schema, false, ONE_LINE, SEPARATORS, true);
  const grammar = rules.toString();
  rules.dispose();
  return { type: 'grammar', grammar };
}
