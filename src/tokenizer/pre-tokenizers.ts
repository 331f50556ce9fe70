import { ShoalError } from '../core/errors.ts';
import type { DigitGroups } from './digit-groups.ts';

/** How text is cut into words before BPE, which never joins two words. */
export interface PreTokenizer {
  /**
   * Regular expressions in Oniguruma's syntax, each cutting the pieces that the one before left; what none matches
   * stays a piece. None takes time by the square of a
   * text.
   */
  readonly patterns: readonly (string | DigitGroups)[];
  /** Which words are taken whole where they are a token, without asking the merges. */
  readonly ignoreMerges?: 'all' | 'newlines';
  /** Begins a text with the beginning token where the file does not say, or whatever it says. */
  readonly addBos?: 'default' | 'always';
  /** What tokens are written in: GPT-2's letters for bytes unless given; characters, with `▁` for a space. */
  readonly alphabet?: 'characters';
}

const CONTRACTIONS = "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])";
const SPACES = '\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+';
const SYMBOLS = ' ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*';
const SYMBOLS_TO_SLASH = ' ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*';
const LEAD = '[^\\r\\n\\p{L}\\p{N}]?';
const LETTERS = `${LEAD}\\p{L}+`;
/** Words that may begin in capitals and go on in small letters. @param not - an assertion on every letter */
const cased = (suffix: string, not = ''): string => {
  const upper = `(?:${not}[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}])`;
  const lower = `(?:${not}[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}])`;
  return `${LEAD}${upper}*${lower}+${suffix}|${LEAD}${upper}+${lower}*${suffix}`;
};

const GPT2 = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
const LLAMA3 = `${CONTRACTIONS}|${LETTERS}|\\p{N}{1,3}|${SYMBOLS}|${SPACES}`;
const JAIS2_SPACES = ['512', '256', '128', '64', '32', '16', '8', '4', '1,2'].map((count) => `\\s{${count}}(?!\\S)`);
const JAIS2 = `${CONTRACTIONS}|${LETTERS}|\\p{N}{1,3}|${SYMBOLS}|\\s*[\\r\\n]+|${JAIS2_SPACES.join('|')}|\\s`;
const QWEN2 = `${CONTRACTIONS}|${LETTERS}|\\p{N}|${SYMBOLS}|${SPACES}`;
const QWEN35 = `${CONTRACTIONS}|${LEAD}[\\p{L}\\p{M}]+|\\p{N}| ?[^\\s\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|${SPACES}`;
const TEKKEN = `${cased('')}|\\p{N}|${SYMBOLS_TO_SLASH}|${SPACES}`;
const GPT4O = `${cased(`${CONTRACTIONS}?`)}|\\p{N}{1,3}|${SYMBOLS_TO_SLASH}|${SPACES}`;
const KIMI2 = `\\p{Han}+|${cased(`${CONTRACTIONS}?`, '(?!\\p{Han})')}|\\p{N}{1,3}|${SYMBOLS}|${SPACES}`;
const YOUTU = [
  '[가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥\\u3040-ゟ゠-ヿ]+',
  `${cased(`${CONTRACTIONS}?`)}|\\p{N}|${SYMBOLS_TO_SLASH}|${SPACES}`,
];
const BAILING = `'(?:[sSdDmMtT]|[lL][lL]|[vV][eE]|[rR][eE])|${LETTERS}|\\p{N}|${SYMBOLS}|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+`;
const SEED_CODER = `${CONTRACTIONS}|${LETTERS}|\\p{N}| ?[^\\s\\p{L}\\p{N}\\r\\n]+|${SPACES}`;
const EXAONE_MOE =
  `${CONTRACTIONS}|${LEAD}(?:\\p{L}\\p{M}*(?: \\p{L}\\p{M}*)*)+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]?` +
  '|\\s*[\\r\\n]|\\s+(?!\\S)|\\s+';
const CHAMELEON = [
  '<sentinel:[0-9]+>',
  'IMGIMG[A-I]{1,4}Z',
  '[\\t\\n]|    |  ',
  '\\p{N}',
  '[\\p{P}!-/:-@\\[-`{-~]',
  GPT2,
];
const BLOOM = ' ?[^(\\s|.,!?…。，、।۔،)]+';
const CHINESE_JAPANESE = '[一-龥\\u3040-ゟ゠-ヿ]+';
const CHINESE_KOREAN = '[一-龥ࠀ-一가-\\uD7FF]+';
const EAST_ASIAN =
  '[一-鿿㐀-䶿\\uF900-\\uFAFF\\u3040-ゟ゠-ヿ･-ﾟ⼀-\\u2FDF\\u0E40-\\u0E7F\\u0E80-\\u0EFF\\u1780-\\u17FF\\u1000-\\u109F' +
  '\\uAA60-\\uAA7F\\uA9E0-\\uA9FF가-\\uD7AF\\u1100-\\u11FF]+';
/** Letters of Latin, Greek, Cyrillic, Armenian, Georgian and other scripts that have capitals. */
const CASED_LETTERS =
  'A-Za-zµ\u00C0-\u00D6Ø-\u00F6ø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿ\u0386\u0388-\u038A\u038C\u038E-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽ' +
  'ᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚ\u1E00-\u1F15\u1F18-\u1F1D\u1F20-\u1F45\u1F48-\u1F4D\u1F50-\u1F57\u1F59\u1F5B' +
  '\u1F5D\u1F5F-\u1F7D\u1F80-\u1FB4\u1FB6-\u1FBC\u1FBE\u1FC2-\u1FC4\u1FC6-\u1FCC\u1FD0-\u1FD3' +
  '\u1FD6-\u1FDB\u1FE0-\u1FEC\u1FF2-\u1FF4\u1FF6-\u1FFCℂℇℊ-ℓℕℙ-ℝℤ\u2126ℨ\u212A-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲ' +
  'ⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃';
const DEEPSEEK_LLM = [
  '[\\r\\n]',
  `\\s?[${CASED_LETTERS}]+`,
  '\\s?[!-/:-~！-／：-～‘-‟\\u3000-。]+',
  // From the first space of a run on: from each of them it would take time by the square.
  '(?<!\\s)\\s+$',
  CHINESE_KOREAN,
  '\\p{N}+',
];
const DEEPSEEK3 =
  '[!"#$%&\'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+' +
  `| ?[\\p{P}\\p{S}]+[\\r\\n]*|${SPACES}`;
const LINES = '[^\\n]+|\\n+';

/** By the names that files use. Source of the patterns: llama.cpp's table, or the tokenizer.json that it cites. */
const FAMILIES: readonly (readonly [names: string, preTokenizer: PreTokenizer])[] = [
  [
    'gpt-2 phi-2 mpt olmo jais trillion granite-docling gigachat a.x-4.0 mellum modern-bert exaone4',
    { patterns: [GPT2] },
  ],
  ['smollm starcoder refact command-r codeshell exaone minerva-7b mellum2', { patterns: ['\\p{N}', GPT2] }],
  [
    'llama-bpe llama3 llama-v3 falcon3 falcon-h1 pixtral midm-2.0 lfm2',
    { patterns: [LLAMA3], ignoreMerges: 'all', addBos: 'default' },
  ],
  ['dbrx smaug-bpe chatglm-bpe glm4', { patterns: [LLAMA3] }],
  ['jais-2', { patterns: [JAIS2] }],
  ['minicpm5', { patterns: ['\\p{N}{1,3}', LLAMA3], ignoreMerges: 'all' }],
  ['qwen2 deepseek-r1-qwen kormo megrez stablelm2 hunyuan solar-open grok-2 f2llmv2', { patterns: [QWEN2] }],
  ['qwen35', { patterns: [QWEN35] }],
  ['laguna', { patterns: [LINES, QWEN2] }],
  ['seed-coder', { patterns: [SEED_CODER] }],
  ['bailingmoe bailingmoe2 llada-moe', { patterns: [BAILING] }],
  ['exaone-moe', { patterns: [EXAONE_MOE] }],
  ['tekken', { patterns: [TEKKEN], ignoreMerges: 'all', addBos: 'default' }],
  ['gpt-4o llama4 kanana2 talkie minimax-m2', { patterns: [GPT4O] }],
  ['tiny_aya cohere2moe', { patterns: [{ digits: '\\p{Nd}', isolated: true, toWordEnd: true }, GPT4O] }],
  ['youtu', { patterns: YOUTU, ignoreMerges: 'all' }],
  ['kimi-k2', { patterns: [KIMI2] }],
  ['deepseek-v3 hunyuan-dense joyai-llm', { patterns: ['\\p{N}{1,3}', CHINESE_JAPANESE, DEEPSEEK3] }],
  ['afmoe', { patterns: [{ digits: '\\p{N}', isolated: true }, EAST_ASIAN, DEEPSEEK3] }],
  ['deepseek-llm', { patterns: DEEPSEEK_LLM }],
  ['deepseek-coder', { patterns: ['[\\r\\n]', '\\s?\\p{L}+', '\\s?\\p{P}+', CHINESE_KOREAN, '\\p{N}'] }],
  ['falcon', { patterns: ['[\\p{P}$+<=>^~|`]+', GPT2, '[0-9][0-9][0-9]'] }],
  ['chameleon', { patterns: CHAMELEON, addBos: 'default' }],
  ['superbpe', { patterns: ['\\p{N}+', { digits: '\\p{Nd}', isolated: false }] }],
  ['bloom poro-chat gpt3-finnish', { patterns: [BLOOM] }],
  ['viking', { patterns: [BLOOM, '\\p{N}'] }],
  ['gemma4', { patterns: [LINES], ignoreMerges: 'newlines', addBos: 'always', alphabet: 'characters' }],
  ['sarvam-moe', { patterns: [LINES], alphabet: 'characters' }],
  ['default', { patterns: ['[\\p{P}$+<=>^~|]+', GPT2, '\\p{N}+', '[0-9][0-9][0-9]'] }],
];

const BY_NAME: ReadonlyMap<string, PreTokenizer> = new Map(
  FAMILIES.flatMap(([names, preTokenizer]) => names.split(' ').map((name) => [name, preTokenizer] as const)),
);

/** Every name that is known. */
export const PRE_TOKENIZERS: readonly string[] = [...BY_NAME.keys()];

/**
 * @param name - `tokenizer.ggml.pre`
 * @throws ShoalError `bad-gguf` for a name that is not known: guessing would give the model wrong tokens silently
 */
export function preTokenizerOf(name: string): PreTokenizer {
  const found = BY_NAME.get(name);
  if (found) return found;
  throw new ShoalError(
    'bad-gguf',
    `The model file asks for the pre-tokenizer "${name}", which is not supported. Supported: ${PRE_TOKENIZERS.join(', ')}.`,
  );
}
