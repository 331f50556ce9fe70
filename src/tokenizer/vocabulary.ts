import { ShoalError } from '../core/errors.ts';
import type { Metadata, MetadataValue } from '../core/metadata.ts';
import { findEndOfGeneration } from './end-of-generation.ts';
import { preTokenizerOf } from './pre-tokenizers.ts';

/** `tokenizer.ggml.token_type`. Source: the GGUF specification. */
export const TokenType = { normal: 1, unknown: 2, control: 3, userDefined: 4, unused: 5, byte: 6 } as const;

/** Of a token's text, UTF-16 units: the longest of today's, 256 spaces in GPT-2's alphabet, have 256. */
const MAX_TOKEN_CHARS = 1024;

/** A model's tokens and what its file says of them. */
export interface Vocabulary {
  /** `gpt2`: BPE over bytes; `llama`: BPE over characters as SentencePiece does it. */
  readonly kind: 'gpt2' | 'llama';
  /** The pre-tokenizer's name; only `gpt2` has one. */
  readonly pre: string;
  /** `[V]` */
  readonly tokens: readonly string[];
  /** `[V]`, of `TokenType`. */
  readonly types: Uint8Array;
  /** `[V]` for `llama`, otherwise empty: the higher, the earlier two neighbours become this token. */
  readonly scores: readonly number[];
  /** In order of rank, two tokens joined by a space; only `gpt2` has them. */
  readonly merges: readonly string[];
  readonly bosId: number | undefined;
  readonly eosId: number | undefined;
  readonly unknownId: number | undefined;
  /** Tokens after which a model has nothing more to say. */
  readonly eogIds: ReadonlySet<number>;
  readonly addBos: boolean;
  readonly addEos: boolean;
  readonly addSpacePrefix: boolean;
}

/** @throws ShoalError `bad-gguf` when the file has no tokenizer, one of an unknown kind, or a malformed one */
export function readVocabulary(metadata: Metadata): Vocabulary {
  const kind = metadata.get('tokenizer.ggml.model');
  if (kind !== 'gpt2' && kind !== 'llama') {
    const found = kind === undefined ? 'no tokenizer' : `the tokenizer "${String(kind)}"`;
    throw new ShoalError('bad-gguf', `The model file has ${found}; supported are "gpt2" and "llama".`);
  }
  const pre = kind === 'gpt2' ? String(metadata.get('tokenizer.ggml.pre') || 'default') : '';
  const tokens = list(metadata, 'tokens', isString, 1);
  const long = tokens.findIndex((token) => token.length > MAX_TOKEN_CHARS);
  if (long >= 0) {
    throw new ShoalError(
      'bad-gguf',
      `The model file's token ${long} has ${tokens[long]!.length} characters, at most ${MAX_TOKEN_CHARS} are allowed.`,
    );
  }
  const types = Uint8Array.from(optionalList(metadata, 'token_type', isNumber, tokens.length) ?? []);
  const id = (name: string, fallback?: number): number | undefined => {
    const value = metadata.get(`tokenizer.ggml.${name}_token_id`) ?? fallback;
    return typeof value === 'number' && value < tokens.length ? value : undefined;
  };
  const flag = (key: string, fallback: boolean): boolean => {
    const value = metadata.get(`tokenizer.ggml.${key}`);
    return typeof value === 'boolean' ? value : fallback;
  };
  const llama = kind === 'llama';
  const eosId = id('eos', llama ? 2 : undefined);
  const typed = types.length > 0 ? types : new Uint8Array(tokens.length).fill(TokenType.normal);
  const eogIds = findEndOfGeneration(tokens, [eosId, id('eot'), id('eom')]);
  // Many files call their end tokens ordinary text; they would then be shown, and no prompt could hold them.
  for (const eog of eogIds) typed[eog] = TokenType.control;
  return {
    kind,
    pre,
    tokens,
    types: typed,
    scores: llama ? list(metadata, 'scores', isNumber, tokens.length) : [],
    merges: llama ? [] : list(metadata, 'merges', isString, 0),
    bosId: id('bos', llama ? 1 : undefined),
    eosId,
    unknownId: id('unknown', llama ? 0 : undefined),
    eogIds,
    addBos: flag('add_bos_token', llama || preTokenizerOf(pre).addBos === true),
    addEos: flag('add_eos_token', false),
    addSpacePrefix: flag('add_space_prefix', llama),
  };
}

const isString = (value: MetadataValue): value is string => typeof value === 'string';
const isNumber = (value: MetadataValue): value is number => typeof value === 'number';

function list<Value extends MetadataValue>(
  metadata: Metadata,
  key: string,
  is: (value: MetadataValue) => value is Value,
  minLength: number,
): readonly Value[] {
  const values = optionalList(metadata, key, is, minLength);
  if (!values) throw new ShoalError('bad-gguf', `The model file's tokenizer has no "tokenizer.ggml.${key}".`);
  return values;
}

function optionalList<Value extends MetadataValue>(
  metadata: Metadata,
  key: string,
  is: (value: MetadataValue) => value is Value,
  minLength: number,
): readonly Value[] | undefined {
  const values = metadata.get(`tokenizer.ggml.${key}`);
  if (values === undefined) return undefined;
  if (!Array.isArray(values) || values.length < minLength || !values.every(is)) {
    const found = Array.isArray(values) ? `a list of ${values.length}` : typeof values;
    throw new ShoalError(
      'bad-gguf',
      `The model file's "tokenizer.ggml.${key}" is malformed: expected a list of at least ${minLength}, found ${found}.`,
    );
  }
  return values;
}
