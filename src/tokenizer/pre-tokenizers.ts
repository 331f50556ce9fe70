import { SequencePreTokenizer } from '@huggingface/tokenizers';
import { ShoalError } from '../core/errors.ts';

/** How text is cut into words before BPE, which never joins two words. */
export interface PreTokenizer {
  /** Regular expressions, each cutting the pieces that the one before left; what none matches stays a piece. */
  readonly patterns: readonly string[];
  /** A word that is a token is taken whole, without asking the merges. */
  readonly ignoreMerges?: true;
  /** Begins a text with the beginning token where the file does not say. */
  readonly addBos?: true;
}

const CONTRACTIONS = "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])";
const SPACES = '\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';
const SYMBOLS = ' ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*';
const LETTERS = '[^\\r\\n\\p{L}\\p{N}]?\\p{L}+';
const UPPER = '\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}';
const LOWER = '\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}';
/** Words that may begin in capitals and go on in small letters. */
const cased = (suffix: string): string =>
  `[^\\r\\n\\p{L}\\p{N}]?[${UPPER}]*[${LOWER}]+${suffix}|[^\\r\\n\\p{L}\\p{N}]?[${UPPER}]+[${LOWER}]*${suffix}`;

const GPT2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
const LLAMA3 = `${CONTRACTIONS}|${LETTERS}|\\p{N}{1,3}|${SYMBOLS}|${SPACES}`;
const QWEN2 = `${CONTRACTIONS}|${LETTERS}|\\p{N}|${SYMBOLS}|${SPACES}`;
const QWEN35 = `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|${SPACES}`;
const TEKKEN = `${cased('')}|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|${SPACES}`;
const GPT4O = `${cased(`${CONTRACTIONS}?`)}|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|${SPACES}`;
const BLOOM = ' ?[^(\\s|.,!?…。，、।۔،)]+';
const CHINESE_JAPANESE = '[一-龥\\u3040-ゟ゠-ヿ]+';
const DEEPSEEK3 =
  '[!"#$%&\'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+' +
  `| ?[\\p{P}\\p{S}]+[\\r\\n]*|${SPACES}`;

/** By the names that files use. Source of the patterns: llama.cpp's table, or the tokenizer.json that it cites. */
const FAMILIES: readonly (readonly [names: string, preTokenizer: PreTokenizer])[] = [
  [
    'gpt-2 phi-2 mpt olmo jais trillion granite-docling gigachat a.x-4.0 mellum modern-bert exaone4',
    { patterns: [GPT2] },
  ],
  ['smollm starcoder refact command-r codeshell exaone minerva-7b', { patterns: ['\\p{N}', GPT2] }],
  [
    'llama-bpe llama3 llama-v3 falcon3 falcon-h1 pixtral midm-2.0 lfm2',
    { patterns: [LLAMA3], ignoreMerges: true, addBos: true },
  ],
  ['dbrx smaug-bpe chatglm-bpe glm4', { patterns: [LLAMA3] }],
  ['minicpm5', { patterns: ['\\p{N}{1,3}', LLAMA3], ignoreMerges: true }],
  ['qwen2 deepseek-r1-qwen kormo megrez stablelm2 hunyuan solar-open grok-2', { patterns: [QWEN2] }],
  ['qwen35', { patterns: [QWEN35] }],
  ['tekken', { patterns: [TEKKEN], ignoreMerges: true, addBos: true }],
  ['gpt-4o llama4 kanana2', { patterns: [GPT4O] }],
  ['deepseek-v3 hunyuan-dense', { patterns: ['\\p{N}{1,3}', CHINESE_JAPANESE, DEEPSEEK3] }],
  ['deepseek-coder', { patterns: ['[\\r\\n]', '\\s?\\p{L}+', '\\s?\\p{P}+', '[一-龥ࠀ-一가-\\uD7FF]+', '\\p{N}'] }],
  ['falcon', { patterns: ['[\\p{P}$+<=>^~|`]+', GPT2, '[0-9][0-9][0-9]'] }],
  ['bloom poro-chat gpt3-finnish', { patterns: [BLOOM] }],
  ['viking', { patterns: [BLOOM, '\\p{N}'] }],
  ['default', { patterns: ['[\\p{P}$+<=>^~|]+', GPT2, '\\p{N}+', '[0-9][0-9][0-9]'] }],
];

const BY_NAME: ReadonlyMap<string, PreTokenizer> = new Map(
  FAMILIES.flatMap(([names, preTokenizer]) => names.split(' ').map((name) => [name, preTokenizer] as const)),
);

/**
 * @param name - `tokenizer.ggml.pre`
 * @throws ShoalError `bad-gguf` for a name that is not known: guessing would give the model wrong tokens silently
 */
export function preTokenizerOf(name: string): PreTokenizer {
  const found = BY_NAME.get(name);
  if (found) return found;
  throw new ShoalError(
    'bad-gguf',
    `The model file asks for the pre-tokenizer "${name}", which is not supported. Supported: ${[...BY_NAME.keys()].join(', ')}.`,
  );
}

/** Cuts text into words by each pattern in turn. */
export function wordSplitter({ patterns }: PreTokenizer): SequencePreTokenizer {
  const split = (Regex: string) => ({ type: 'Split', pattern: { Regex }, behavior: 'Isolated' }) as const;
  return new SequencePreTokenizer({ type: 'Sequence', pretokenizers: patterns.map(split) });
}
