import { type ModelText, type Prompt, type PromptSize, surelyEnough } from '../tokenizer/model-text.ts';
import type { SamplingDefaults } from '../tokenizer/sampling-defaults.ts';
import { packTokens, TokenTable } from '../tokenizer/token-table.ts';
import { SCRIPTED_ANSWERS, scriptedAnswer } from './scripted-answers.ts';

const utf8 = new TextEncoder();
/** A word with the space before it, or what else stands between words. */
const PIECES = /\n+|[^\S\n]?[^\s]+|[^\S\n]+/g;
/** Words of prompts, so that these are not spelled byte by byte. */
const PROMPT_WORDS =
  ' about a an are can do does explain for from give how in is me my of on please say show table tell that the this to what when where which who why with write you your How What Why Explain Tell Write Show Shoal work works code tabs browser model';
const BYTES = 256;
const MARKS = ['<|system|>', '<|user|>', '<|assistant|>', '<|tool|>', '<|end|>'] as const;
const idOfMark = (mark: (typeof MARKS)[number]) => BYTES + MARKS.indexOf(mark);
const USER = idOfMark('<|user|>');
const ASSISTANT = idOfMark('<|assistant|>');
const END = idOfMark('<|end|>');

const piecesOf = (text: string): string[] => text.match(PIECES) ?? [];

/** The words of the answers, of usual prompts, and every byte: whatever is typed can be written with them. */
const WORDS = [
  ...new Set([...SCRIPTED_ANSWERS, PROMPT_WORDS].flatMap(piecesOf).filter((piece) => utf8.encode(piece).length > 1)),
];
const IDS: ReadonlyMap<string, number> = new Map(WORDS.map((word, index) => [word, BYTES + MARKS.length + index]));

/** V of the simulated model. */
export const VOCABULARY_SIZE = BYTES + MARKS.length + WORDS.length;

function tokenTable(): TokenTable {
  const bytes = Array.from({ length: BYTES }, (_, byte) => Uint8Array.of(byte));
  const texts = [...MARKS, ...WORDS].map((text) => utf8.encode(text));
  const hidden = Uint8Array.from({ length: VOCABULARY_SIZE }, (_, id) =>
    id >= BYTES && id < BYTES + MARKS.length ? 1 : 0,
  );
  return new TokenTable(packTokens([...bytes, ...texts], { hidden, eogIds: [END], addsSpace: false }));
}

const TOKENS = tokenTable();

function encodeText(text: string): number[] {
  return piecesOf(text).flatMap((piece) => IDS.get(piece) ?? [...utf8.encode(piece)]);
}

/** Text in and out of the simulated model: words and bytes, and a mark before each turn of a conversation. */
export class ScriptedText implements ModelText {
  readonly tokens = TOKENS;
  /** Nothing but the script is likely. */
  readonly sampling: SamplingDefaults = { temperature: 0 };
  readonly toolFormat = 'none';

  async encode(prompt: Prompt, enough: number): Promise<readonly number[] | PromptSize> {
    return surelyEnough(TOKENS, prompt, enough) ?? encodePrompt(prompt);
  }
}

function encodePrompt(prompt: Prompt): number[] {
  if (prompt.kind === 'text') return encodeText(prompt.text);
  const turns = prompt.messages.flatMap(({ role, content }) => {
    const mark = MARKS.find((known) => known === `<|${role}|>`) ?? '<|user|>';
    return [idOfMark(mark), ...encodeText(content), END];
  });
  return [...turns, ASSISTANT];
}

/**
 * The token that the script has behind these: the next of the answer to the last question.
 * @param ids - prompt and answer so far
 */
export function nextScripted(ids: readonly number[]): number {
  const answerAt = ids.lastIndexOf(ASSISTANT) + 1;
  const questionAt = ids.lastIndexOf(USER, answerAt) + 1;
  const questionEnd = ids.indexOf(END, questionAt);
  const question = TOKENS.decode(ids.slice(questionAt, questionEnd < 0 ? undefined : questionEnd));
  // A text that is no conversation is gone on with from the beginning of an answer.
  const place = answerAt > 0 ? ids.length - answerAt : 0;
  return answerTokens(question)[place] ?? END;
}

const answered = new Map<string, readonly number[]>();
/** Questions whose answers are kept as tokens: of the conversations that are under way. */
const MAX_ANSWERED = 16;

function answerTokens(question: string): readonly number[] {
  const known = answered.get(question);
  if (known) return known;
  const tokens = encodeText(scriptedAnswer(question));
  if (answered.size >= MAX_ANSWERED) answered.clear();
  answered.set(question, tokens);
  return tokens;
}
