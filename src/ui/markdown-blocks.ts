import type { Token } from 'marked';

/**
 * Blocks at the end that are read again with every new token. Text to come can change the last one (a paragraph that
 * becomes a heading) and through it the one before (a `1` that becomes `1. item` and so goes on with the list above).
 */
const OPEN_BLOCKS = 2;

/** One top-level block of an answer. */
export interface Block {
  readonly source: string;
  readonly html: string;
}

/** Reads markdown, and writes its blocks as HTML. */
export interface BlockParser {
  lex(text: string): Token[];
  toHtml(block: Token): string;
}

/** Markdown that grows: blocks that are finished are never parsed again, and keep their identity. */
export class MarkdownBlocks {
  readonly #parser: BlockParser;
  #settledText = '';
  #settled: readonly Block[] = [];
  #open: readonly Block[] = [];

  constructor(parser: BlockParser) {
    this.#parser = parser;
  }

  /** @param text the whole text so far; text that does not continue the last one starts over */
  update(text: string): readonly Block[] {
    const whole = text.replace(/\r\n?/g, '\n');
    if (!whole.startsWith(this.#settledText)) {
      this.#settledText = '';
      this.#settled = [];
    }
    const tokens = this.#parser.lex(whole.slice(this.#settledText.length));
    const blocks = tokens.map((token) => this.#block(token));
    const finished = blocks.slice(0, startOfOpen(tokens));
    if (finished.length > 0) {
      this.#settled = [...this.#settled, ...finished];
      this.#settledText += finished.map(({ source }) => source).join('');
    }
    this.#open = blocks.slice(finished.length);
    return [...this.#settled, ...this.#open].filter(({ html }) => html !== '');
  }

  #block(token: Token): Block {
    return (
      this.#open.find(({ source }) => source === token.raw) ?? {
        source: token.raw,
        html: this.#parser.toHtml(token).trim(),
      }
    );
  }
}

/**
 * Where the blocks begin that stay open: the last `OPEN_BLOCKS` (the space between blocks is none), and all before them
 * up to a blank line, since without one a half-written line can split blocks that the whole line joins again.
 */
function startOfOpen(tokens: readonly Token[]): number {
  let start = tokens.flatMap((token, index) => (token.type === 'space' ? [] : [index])).at(-OPEN_BLOCKS) ?? 0;
  while (start > 0 && !tokens[start - 1]!.raw.endsWith('\n\n')) start--;
  return start;
}
