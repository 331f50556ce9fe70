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

/** In the head of every part of an answer in channels. */
export const CHANNEL = '<|channel|>';
const MESSAGE = '<|message|>';
const END_OF_PART = '<|end|>';
/** What the next part begins with. Alone the marks may be quoted: once they are text, nothing tells. */
const BORDERS = [
  `${END_OF_PART}<|start|>assistant`,
  '<|start|>assistant',
  `${CHANNEL}analysis`,
  `${CHANNEL}commentary`,
  `${CHANNEL}final`,
];
/** Characters of a head, with the name of a function in it. */
const MAX_HEAD = 200;
const CUT_HEAD = /^(<\|end\|>)?(<\|start\|>(assistant)?)?( to=\S*)?(<\|channel\|>[^\n]*)?$/;
/** Around a thought in tags. */
export const OPENING = '<think>';
export const CLOSING = '</think>';

type Kind = keyof ReasonedText;

/**
 * `unknown` until enough has come to tell how the answer marks thoughts, `plain` where nothing more is marked. Of tags:
 * `thought`. Of channels: `head` before a part's message, `reasoning` and `answer`.
 */
type Place = 'unknown' | 'plain' | 'thought' | 'head' | Kind;

/** Takes an answer apart as it comes. One that does not begin with a mark is an answer and nothing else. */
export class ThoughtReader {
  readonly #openings: readonly string[];
  #place: Place;
  /** Text whose place is not certain yet. */
  #held = '';
  #marked: boolean;
  /** Whether the part that is read, or the last before a head, has a word. */
  #partHasWords = false;
  #part: Kind;
  /** Of which there are words. */
  readonly #said = new Set<Kind>();

  constructor({ tags, begun = false }: ThoughtMarks) {
    this.#openings = tags ? [CHANNEL, OPENING] : [CHANNEL];
    this.#marked = begun;
    this.#place = begun ? 'thought' : 'unknown';
    this.#part = begun ? 'reasoning' : 'answer';
  }

  /** Whether thoughts are marked; undefined until enough has come. */
  get marked(): boolean | undefined {
    return this.#place === 'unknown' ? undefined : this.#marked;
  }

  /** Whether what it says to people is still to come. */
  get open(): boolean {
    return this.inThought && !(this.#place === 'head' && this.#said.has('answer'));
  }

  /** Whether what has come last is none of what it says to people. */
  get inThought(): boolean {
    return this.#place === 'thought' || this.#place === 'head' || this.#place === 'reasoning';
  }

  /** Whether it has text that may be said to people once more comes. */
  get holdsAnswer(): boolean {
    return this.#held !== '' && !this.inThought;
  }

  push(text: string): ReasonedText {
    this.#held += text;
    const said = { reasoning: '', answer: '' };
    while (this.#read(said));
    return said;
  }

  /** Something else comes: text of which it was not known whether it begins a mark begins none. */
  settle(): ReasonedText {
    if (this.#place === 'unknown') this.#beginPlain();
    return this.push('');
  }

  /** What was held, when the answer is over. */
  flush(): ReasonedText {
    const said = { reasoning: '', answer: '' };
    const rest = this.#take(this.#held.length);
    if (this.#place === 'unknown') this.#beginPlain();
    if (this.#place === 'head') {
      if (!CUT_HEAD.test(rest)) said[this.#part] = this.#paragraph(rest);
    } else if (this.#place === 'plain') said.answer = this.#paragraph(rest);
    else {
      const words = rest.endsWith(END_OF_PART) ? rest.slice(0, -END_OF_PART.length) : rest;
      said[this.#part] = this.#paragraph(this.#part === 'reasoning' ? words.trimEnd() : words);
    }
    return said;
  }

  /** @returns whether it may go on */
  #read(said: { reasoning: string; answer: string }): boolean {
    switch (this.#place) {
      case 'unknown':
        return this.#readBeginning();
      case 'plain':
        said.answer += this.#paragraph(this.#take(this.#held.length));
        return false;
      case 'head':
        return this.#readHead(said);
      case 'thought': {
        const { text, isWhole } = this.#upTo([CLOSING]);
        said.reasoning += this.#words(text);
        if (!isWhole) return false;
        this.#take(this.#held.indexOf(CLOSING) + CLOSING.length);
        this.#beginPart('plain', 'answer');
        return true;
      }
      case 'reasoning':
      case 'answer': {
        const { text, isWhole } = this.#upTo(BORDERS);
        said[this.#place] += this.#place === 'reasoning' ? this.#words(text) : this.#paragraph(text);
        if (isWhole) {
          this.#held = this.#held.trimStart();
          this.#place = 'head';
        }
        return isWhole;
      }
    }
  }

  #readBeginning(): boolean {
    const text = this.#held.trimStart();
    const opening = this.#openings.find((each) => text.startsWith(each));
    if (opening === undefined) {
      if (this.#openings.some((each) => each.startsWith(text))) return false;
      this.#beginPlain();
      return true;
    }
    this.#marked = true;
    this.#held = opening === OPENING ? text.slice(OPENING.length) : text;
    if (opening === OPENING) this.#beginPart('thought', 'reasoning');
    else this.#place = 'head';
    return true;
  }

  #readHead(said: { reasoning: string; answer: string }): boolean {
    const end = this.#held.indexOf(MESSAGE);
    if (end >= 0 && end <= MAX_HEAD) {
      const head = this.#take(end + MESSAGE.length);
      const kind = head.includes(CHANNEL) && !/<\|channel\|>final\b/.test(head) ? 'reasoning' : 'answer';
      this.#beginPart(kind, kind);
      return true;
    }
    if (this.#held.length <= MAX_HEAD) return false;
    // It was a quotation.
    said[this.#part] += this.#paragraph(this.#take(1));
    this.#place = this.#part;
    return true;
  }

  /** All that it says to people from here on, spaces at the beginning too. */
  #beginPlain(): void {
    this.#beginPart('plain', 'answer');
    this.#partHasWords = true;
  }

  #beginPart(place: Place, part: Kind): void {
    this.#place = place;
    this.#part = part;
    this.#partHasWords = false;
  }

  /** Takes the text before the first of these, or all that is certain to be before one. */
  #upTo(borders: readonly string[]): { readonly text: string; readonly isWhole: boolean } {
    const found = borders.map((each) => this.#held.indexOf(each)).filter((place) => place >= 0);
    const isWhole = found.length > 0;
    const length = isWhole ? Math.min(...found) : this.#held.length - openEnd(this.#held, borders);
    return { text: this.#take(length), isWhole };
  }

  /** Without the spaces at its end, which wait for what follows. */
  #words(text: string): string {
    const words = text.trimEnd();
    this.#held = text.slice(words.length) + this.#held;
    return this.#paragraph(words);
  }

  /** More of the part, from its first word on. Each that has one is a paragraph. */
  #paragraph(text: string): string {
    if (this.#partHasWords) return text;
    const words = text.trimStart();
    if (words === '') return '';
    const space = this.#said.has(this.#part) ? '\n\n' : '';
    this.#partHasWords = true;
    this.#said.add(this.#part);
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
  const joined = (kind: Kind) => said.map((part) => part[kind]).join('');
  return { reasoning: joined('reasoning'), answer: joined('answer'), open: reader.open };
}
