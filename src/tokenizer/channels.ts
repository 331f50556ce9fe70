import { openEnd } from '../core/open-end.ts';

/** Parts of an answer in Harmony's channels, of gpt-oss. */
export interface ChanneledText {
  /** What the model says to itself. */
  readonly reasoning: string;
  /** What it says to people: its final channel. */
  readonly answer: string;
}

/** The mark with which every part of such an answer begins. */
export const CHANNEL = '<|channel|>';
const MESSAGE = '<|message|>';
/** Behind a part, or before the next. */
const BORDERS = ['<|end|>', '<|start|>', CHANNEL];

/** `unknown` until enough has come, `none` without channels, `head` before a part's message. */
type Place = 'unknown' | 'none' | 'head' | 'reasoning' | 'answer';

/** Takes an answer apart as it comes. One that does not begin with a channel is an answer and nothing else. */
export class ChannelReader {
  #place: Place = 'unknown';
  /** Text whose place is not certain yet. */
  #held = '';
  /** Whether the part has a word in it, and what other parts had. */
  #partBegun = false;
  readonly #begun = { reasoning: false, answer: false };

  /** Undefined until enough has come. */
  get hasChannels(): boolean | undefined {
    return this.#place === 'unknown' ? undefined : this.#place !== 'none';
  }

  /** Whether what it says to people is still to come. */
  get open(): boolean {
    return this.hasChannels === true && this.#place !== 'answer' && !this.#begun.answer;
  }

  push(text: string): ChanneledText {
    this.#held += text;
    const said = { reasoning: '', answer: '' };
    while (this.#read(said));
    return said;
  }

  /** What was held, when the answer is over. */
  flush(): ChanneledText {
    const said = { reasoning: '', answer: '' };
    const rest = this.#take(this.#held.length);
    if (this.#place === 'reasoning') said.reasoning = this.#paragraph('reasoning', rest);
    else if (this.#place !== 'head') said.answer = this.#paragraph('answer', rest);
    return said;
  }

  /** @returns whether it may go on */
  #read(said: { reasoning: string; answer: string }): boolean {
    switch (this.#place) {
      case 'unknown':
        if (this.#held !== CHANNEL && CHANNEL.startsWith(this.#held)) return false;
        this.#place = this.#held.startsWith(CHANNEL) ? 'head' : 'none';
        return true;
      case 'none':
        said.answer += this.#take(this.#held.length);
        return false;
      case 'head': {
        const end = this.#held.indexOf(MESSAGE);
        if (end < 0) return false;
        const head = this.#take(end + MESSAGE.length);
        this.#place = /<\|channel\|>final\b/.test(head) ? 'answer' : 'reasoning';
        this.#partBegun = false;
        return true;
      }
      default: {
        const found = BORDERS.map((border) => this.#held.indexOf(border)).filter((place) => place >= 0);
        const end = found.length > 0 ? Math.min(...found) : this.#held.length - openEnd(this.#held, BORDERS);
        said[this.#place] += this.#paragraph(this.#place, this.#take(end));
        if (found.length === 0) return false;
        this.#place = 'head';
        return true;
      }
    }
  }

  /** More of a part. Each that has a word in it is a paragraph. */
  #paragraph(kind: keyof ChanneledText, text: string): string {
    if (this.#partBegun || text.trim() === '') return text;
    const space = this.#begun[kind] ? '\n\n' : '';
    this.#partBegun = true;
    this.#begun[kind] = true;
    return space + text;
  }

  #take(length: number): string {
    const taken = this.#held.slice(0, length);
    this.#held = this.#held.slice(length);
    return taken;
  }
}

/** An answer as far as it has come; undefined for one without channels. `open` as the reader's. */
export function splitChannels(text: string): (ChanneledText & { readonly open: boolean }) | undefined {
  const reader = new ChannelReader();
  const said = [reader.push(text), reader.flush()];
  if (!reader.hasChannels) return undefined;
  const joined = (kind: keyof ChanneledText) =>
    said
      .map((part) => part[kind])
      .join('')
      .trim();
  return { reasoning: joined('reasoning'), answer: joined('answer'), open: reader.open };
}
