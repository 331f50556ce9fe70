import { signal } from '@preact/signals';
import type { MarkedExtension, TokenizerAndRendererExtension, Tokens } from 'marked';

/** Longer ones are shown as they are written: TeX has loops, and nobody reads so much in one piece. */
const MAX_TEX_CHARS = 4000;
/** Times that macros may be expanded: an honest formula defines few. KaTeX's default is a thousand. */
const MAX_EXPANSIONS = 500;
/** The largest size that a formula may give to a part of itself, em: it is not to cover what stands around it. */
const MAX_SIZE_EM = 20;

interface MathsToken extends Tokens.Generic {
  readonly tex: string;
  readonly display: boolean;
}

type ToMathMl = (tex: string, display: boolean) => string;

/** KaTeX, once an answer has had maths in it; what is drawn without it shows the formula's source. */
export const mathsRenderer = signal<ToMathMl | undefined>(undefined);
let loading: Promise<void> | undefined;

/** Formulas in Markdown: `\( \)` and `$ $` in a line, `\[ \]` and `$$ $$` by themselves. */
export const maths: MarkedExtension = {
  extensions: [
    extension(
      'block',
      'mathsBlock',
      // Without a blank line, so that a formula that is being written holds up only its own paragraph.
      /^ {0,3}(?:\$\$(?<dollars>(?:(?!\n[ \t]*\n|\$\$)[\s\S])+)\$\$|\\\[(?<brackets>(?:(?!\n[ \t]*\n|\\\])[\s\S])+)\\\])[ \t]*(?:\n+|$)/,
      /(?<=^|\n) {0,3}(?:\$\$|\\\[)/,
    ),
    extension(
      'inline',
      'mathsDisplay',
      /^(?:\$\$(?<dollars>(?:(?!\$\$)[\s\S])+)\$\$|\\\[(?<brackets>(?:(?!\\\])[\s\S])+)\\\])/,
      /\$\$|\\\[/,
    ),
    extension(
      'inline',
      'mathsInline',
      // `$5 and $10` are prices: no space inside the marks, no digit after them.
      /^(?:\$(?<dollars>(?![\s$])(?:\\.|[^\\$\n])+?(?<!\s))\$(?!\d)|\\\((?<brackets>(?:(?!\\\))[\s\S])+)\\\))/,
      /\$|\\\(/,
    ),
  ],
};

function extension(
  level: 'block' | 'inline',
  name: string,
  pattern: RegExp,
  beginning: RegExp,
): TokenizerAndRendererExtension {
  const display = name !== 'mathsInline';
  return {
    name,
    level,
    start: (source) => beginning.exec(source)?.index,
    tokenizer: (source) => {
      const match = pattern.exec(source);
      if (!match) return undefined;
      const tex = (match.groups?.dollars ?? match.groups?.brackets ?? '').trim();
      return { type: name, raw: match[0], tex, display } satisfies MathsToken;
    },
    renderer: (token) => {
      const html = mathsHtml(token as MathsToken);
      return level === 'block' ? `<p>${html}</p>` : html;
    },
  };
}

function mathsHtml({ raw, tex, display }: MathsToken): string {
  const toMathMl = mathsRenderer.peek();
  if (!toMathMl) void loadMaths();
  const source = escapeHtml(raw.trim());
  if (!toMathMl || tex.length > MAX_TEX_CHARS) return source;
  try {
    return toMathMl(tex, display);
  } catch {
    // What KaTeX cannot read is shown as it was written.
    return `<code>${source}</code>`;
  }
}

/** Never rejects: without it formulas stay as they are written, and the next one tries again. */
function loadMaths(): Promise<void> {
  loading ??= import('katex').then(
    ({ default: katex }) => {
      mathsRenderer.value = (tex, displayMode) =>
        // The browser lays MathML out itself: no fonts and no style sheet to fetch, and a screen reader can read it.
        katex.renderToString(tex, {
          displayMode,
          output: 'mathml',
          throwOnError: true,
          strict: 'ignore',
          trust: false,
          maxExpand: MAX_EXPANSIONS,
          maxSize: MAX_SIZE_EM,
        });
    },
    () => {
      loading = undefined;
    },
  );
  return loading;
}

/** Text as it is, in HTML. */
export function escapeHtml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}
