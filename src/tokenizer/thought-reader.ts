import { openEnd } from '../core/open-end.ts';

/** Parts of an answer. */
export interface ReasonedText {
  /** What the model says to itself. */
  readonly reasoning: string;
  /** What it says to people. */
  readonly answer: string;
}

/** How an answer may tell thoughts apart, beside Harmony's channels, of gpt-oss. */
export interface ThoughtMarks {
  /** In `<think>` and `</think>` too, as Qwen 3 and DeepSeek. */
  readonly tags: boolean;
  /** The prompt has ended with `<think>`. */
  readonly begun?: boolean;
}

/** Begins every part of an answer in channels. */
export const CHANNEL = '<|channel|>';
const MESSAGE = '<|message|>';
/** Behind a part of an answer in channels, or before the next. */
const BORDERS = ['<|end|>', '<|start|>', CHANNEL];
const BEGIN = '<think>';
const END = '</think>';

/**
 * `unknown` until enough has come to tell how the answer marks thoughts, `plain` where nothing more is marked. Of tags:
 * `thought`. Of channels: `head` before a part's message, `reasoning` and `answer`.
 */
type Place = 'unknown' | 'plain' | 'thought' | 'head' | 'reasoning' | 'answer';

/** Takes an answer apart as it comes. One that does not begin with a mark is an answer and nothing else. */
export class ThoughtReader {
  readonly #marks: readonly string[];
  #place: Place;
  /** Text whose place is not certain yet. */
  #held = '';
  #marked: boolean;
  /** Whether the part has a word in it, and whether others had. */
  #partBegun = false;
  readonly #begun = { reasoning: false, answer: false };

  constructor({ tags, begun = false }: ThoughtMarks) {
    this.#marks = tags ? [CHANNEL, BEGIN] : [CHANNEL];
    this.#marked = begun;
    this.#place = begun ? 'thought' : 'unknown';
  }

  /** Whether thoughts are marked; undefined until enough has come. */
  get marked(): boolean | undefined {
    return this.#place === 'unknown' ? undefined : this.#marked;
  }

  /** Whether what it says to people is still to come. */
  get open(): boolean {
    return this.#place === 'thought' || this.#place === 'reasoning' || (this.#place === 'head' && !this.#begun.answer);
  }

  push(text: string): ReasonedText {
    this.#held += text;
    const said = { reasoning: '', answer: '' };
    while (this.#read(said));
    return said;
  }

  /** What was held, when the answer is over. */
  flush(): ReasonedText {
    const rest = this.#take(this.#held.length);
    switch (this.#place) {
      case 'head':
        return { reasoning: '', answer: '' };
      case 'unknown':
        return { reasoning: '', answer: rest };
      case 'thought':
      case 'reasoning':
        return { reasoning: this.#paragraph('reasoning', rest.trimEnd()), answer: '' };
      default:
        return { reasoning: '', answer: this.#paragraph('answer', rest) };
    }
  }

  /** @returns whether it may go on */
  #read(said: { reasoning: string; answer: string }): boolean {
    switch (this.#place) {
      case 'unknown':
        return this.#begin();
      case 'plain':
        said.answer += this.#paragraph('answer', this.#take(this.#held.length));
        return false;
      case 'head':
        return this.#readHead();
      case 'answer': {
        const { text, border } = this.#upTo(BORDERS);
        said.answer += this.#paragraph('answer', text);
        if (border !== undefined) this.#place = 'head';
        return border !== undefined;
      }
      default: {
        const { text, border } = this.#upTo(this.#place === 'thought' ? [END] : BORDERS);
        const words = text.trimEnd();
        said.reasoning += this.#paragraph('reasoning', words);
        if (border === undefined) {
          this.#held = text.slice(words.length) + this.#held;
          return false;
        }
        if (this.#place === 'thought') {
          this.#take(END.length);
          this.#partBegun = false;
          this.#place = 'plain';
        } else this.#place = 'head';
        return true;
      }
    }
  }

  #begin(): boolean {
    const text = this.#held.trimStart();
    const mark = this.#marks.find((each) => text.startsWith(each));
    if (mark === undefined) {
      if (this.#marks.some((each) => each.startsWith(text))) return false;
      this.#partBegun = true;
      this.#place = 'plain';
      return true;
    }
    this.#marked = true;
    this.#held = mark === BEGIN ? text.slice(BEGIN.length) : text;
    this.#place = mark === BEGIN ? 'thought' : 'head';
    return true;
  }

  #readHead(): boolean {
    const end = this.#held.indexOf(MESSAGE);
    if (end < 0) return false;
    const head = this.#take(end + MESSAGE.length);
    this.#place = /<\|channel\|>final\b/.test(head) ? 'answer' : 'reasoning';
    this.#partBegun = false;
    return true;
  }

  /** Takes the text before the first of these, or all that is certain to be before one. */
  #upTo(borders: readonly string[]): { readonly text: string; readonly border: number | undefined } {
    const found = borders.map((each) => this.#held.indexOf(each)).filter((place) => place >= 0);
    const border = found.length > 0 ? Math.min(...found) : undefined;
    return { text: this.#take(border ?? this.#held.length - openEnd(this.#held, borders)), border };
  }

  /** More of a part, from its first word on. Each that has one is a paragraph. */
  #paragraph(kind: keyof ReasonedText, text: string): string {
    if (this.#partBegun) return text;
    const words = text.trimStart();
    if (words === '') return '';
    const space = this.#begun[kind] ? '\n\n' : '';
    this.#partBegun = true;
    this.#begun[kind] = true;
    return space + words;
  }

  #take(length: number): string {
    const taken = this.#held.slice(0, length);
    this.#held = this.#held.slice(length);
    return taken;
  }
}

/** An answer as far as it has come; undefined where it marks no thoughts. `open` as the reader's. */
export function splitThoughts(
  text: string,
  marks: ThoughtMarks,
): (ReasonedText & { readonly open: boolean }) | undefined {
  const reader = new ThoughtReader(marks);
  const said = [reader.push(text), reader.flush()];
  if (!reader.marked) return undefined;
  const joined = (kind: keyof ReasonedText) => said.map((part) => part[kind]).join('');
  return { reasoning: joined('reasoning'), answer: joined('answer'), open: reader.open };
}
