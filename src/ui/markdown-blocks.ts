import { lexer, type Token } from 'marked';

/**
 * Blocks at the end that are read again with every new token: text to come can still change the last one (a paragraph
 * that becomes a heading, a list that goes on after a blank line); the one before it is kept open for safety.
 */
const OPEN_BLOCKS = 2;

/** One top-level block of an answer. */
export interface Block {
  readonly source: string;
  readonly html: string;
}

/** Markdown that grows: blocks that are finished are never parsed again, and keep their identity. */
export class MarkdownBlocks {
  readonly #toHtml: (token: Token) => string;
  #settledText = '';
  #settled: readonly Block[] = [];
  #open: readonly Block[] = [];

  constructor(toHtml: (token: Token) => string) {
    this.#toHtml = toHtml;
  }

  /** @param text the whole text so far; text that does not continue the last one starts over */
  update(text: string): readonly Block[] {
    const whole = text.replace(/\r\n?/g, '\n');
    if (!whole.startsWith(this.#settledText)) {
      this.#settledText = '';
      this.#settled = [];
    }
    const tokens = lexer(whole.slice(this.#settledText.length), { gfm: true, breaks: true });
    const blocks = tokens.map((token) => this.#block(token));
    const finished = blocks.length - OPEN_BLOCKS;
    if (finished > 0) {
      this.#settled = [...this.#settled, ...blocks.slice(0, finished)];
      this.#settledText += blocks
        .slice(0, finished)
        .map(({ source }) => source)
        .join('');
    }
    this.#open = blocks.slice(Math.max(0, finished));
    return [...this.#settled, ...this.#open].filter(({ html }) => html !== '');
  }

  #block(token: Token): Block {
    return (
      this.#open.find(({ source }) => source === token.raw) ?? { source: token.raw, html: this.#toHtml(token).trim() }
    );
  }
}
