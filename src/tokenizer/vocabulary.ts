import { ShoalError } from '../core/errors.ts';
import type { Metadata, MetadataValue } from '../core/metadata.ts';
import { preTokenizerOf } from './pre-tokenizers.ts';
import { END_ROLES, findTokenRoles } from './token-roles.ts';
import { isControl, TokenType } from './token-types.ts';

/** Of a token's text, UTF-16 units: the longest of today's, 256 spaces in GPT-2's alphabet, have 256. */
const MAX_TOKEN_CHARS = 1024;

export type TokenizerKind = 'bytes' | 'metaspace' | 'sentence-piece';

/** A model's tokens and what its file says of them. */
export interface Vocabulary {
  /**
   * `bytes`: BPE over bytes by merges; `metaspace`: over characters by merges, `▁` for a space; `sentence-piece`: so by
   * scores.
   */
  readonly kind: TokenizerKind;
  /** The pre-tokenizer's name; `sentence-piece` has none. */
  readonly pre: string;
  /** `[V]` */
  readonly tokens: readonly string[];
  /** `[V]`, of `TokenType`. */
  readonly types: Uint8Array;
  /** `[V]` for `sentence-piece`, otherwise empty: the higher, the earlier two neighbours become this token. */
  readonly scores: readonly number[];
  /** In order of rank, two tokens joined by a space; `sentence-piece` has none. */
  readonly merges: readonly string[];
  readonly bosId: number | undefined;
  readonly eosId: number | undefined;
  readonly unknownId: number | undefined;
  /** Tokens after which a model has nothing more to say. */
  readonly eogIds: ReadonlySet<number>;
  readonly addBos: boolean;
  readonly addEos: boolean;
  readonly addSpacePrefix: boolean;
  /** Tokens behind which spaces are left out of a prompt. */
  readonly stripsRight: ReadonlySet<number>;
}

/** @throws ShoalError `bad-gguf` when the file has no tokenizer, one of an unknown kind, or a malformed one */
export function readVocabulary(metadata: Metadata): Vocabulary {
  const { kind, pre } = readKind(metadata);
  const tokens = list(metadata, 'tokens', isString, 1);
  const long = tokens.findIndex((token) => token.length > MAX_TOKEN_CHARS);
  if (long >= 0) {
    throw new ShoalError(
      'bad-gguf',
      `The model file's token ${long} has ${tokens[long]!.length} characters, at most ${MAX_TOKEN_CHARS} are allowed.`,
    );
  }
  const types = Uint8Array.from(optionalList(metadata, 'token_type', isNumber, tokens.length) ?? []);
  const isId = (value: unknown): value is number =>
    Number.isInteger(value) && Number(value) >= 0 && Number(value) < tokens.length;
  const id = (name: string, fallback?: number): number | undefined => {
    const value = metadata.get(`tokenizer.ggml.${name}_token_id`) ?? fallback;
    return isId(value) ? value : undefined;
  };
  const flag = (key: string, fallback: boolean): boolean => {
    const value = metadata.get(`tokenizer.ggml.${key}`);
    return typeof value === 'boolean' ? value : fallback;
  };
  const byScores = kind === 'sentence-piece';
  const eosId = id('eos', byScores ? 2 : undefined);
  const typed = types.length > 0 ? types : new Uint8Array(tokens.length).fill(TokenType.normal);
  const lists = END_ROLES.flatMap((role) => metadata.get(`tokenizer.ggml.${role}_token_ids`) ?? []);
  const named = [eosId, ...END_ROLES.map((role) => id(role)), ...lists].filter(isId);
  const { endIds, types: known } = findTokenRoles(tokens, named);
  for (const [token, type] of known) typed[token] = type;
  const { addBos } = byScores ? { addBos: 'default' } : preTokenizerOf(pre);
  return {
    kind,
    pre,
    tokens,
    types: typed,
    scores: byScores ? list(metadata, 'scores', isNumber, tokens.length) : [],
    merges: byScores ? [] : list(metadata, 'merges', isString, 0),
    bosId: id('bos', byScores ? 1 : undefined),
    eosId,
    unknownId: id('unknown', byScores ? 0 : undefined),
    eogIds: endIds,
    addBos: addBos === 'always' || flag('add_bos_token', addBos === 'default'),
    addEos: flag('add_eos_token', false),
    addSpacePrefix: byScores && flag('add_space_prefix', true),
    stripsRight: findStripping(metadata, tokens, typed),
  };
}

function readKind(metadata: Metadata): Pick<Vocabulary, 'kind' | 'pre'> {
  const model = metadata.get('tokenizer.ggml.model');
  switch (model) {
    case 'llama':
      return { kind: 'sentence-piece', pre: '' };
    case 'gemma4':
      return { kind: 'metaspace', pre: 'gemma4' };
    case 'gpt2': {
      const pre = String(metadata.get('tokenizer.ggml.pre') || 'default');
      return { kind: preTokenizerOf(pre).alphabet === 'characters' ? 'metaspace' : 'bytes', pre };
    }
    default: {
      const found = model === undefined ? 'no tokenizer' : `the tokenizer "${String(model)}"`;
      throw new ShoalError('bad-gguf', `The model file has ${found}; supported are "gpt2", "llama" and "gemma4".`);
    }
  }
}

const PHI_3 = /phi-?3/i;
const KEEPS_SPACES: ReadonlySet<string> = new Set(['<unk>', '<s>', '<|endoftext|>']);

/**
 * Phi-3's marks take the line break behind them along: its templates write one, and the model has not seen any. Files do
 * not say so. Source: llama.cpp, which goes by the name too.
 */
function findStripping(metadata: Metadata, tokens: readonly string[], types: Uint8Array): ReadonlySet<number> {
  if (!PHI_3.test(String(metadata.get('general.name') ?? ''))) return new Set();
  const special = (type: number | undefined) => isControl(type) || type === TokenType.userDefined;
  return new Set([...tokens.keys()].filter((id) => special(types[id]) && !KEEPS_SPACES.has(tokens[id]!)));
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
