import createPurifier from 'dompurify';
import { Marked, type Token, type Tokens } from 'marked';
import type { BlockParser } from './markdown-blocks.ts';
import { escapeHtml, maths } from './maths.ts';

/** What an answer may consist of: text, and nothing that loads, runs, or looks like a part of the page. */
const ALLOWED_TAGS = [
  ...['p', 'br', 'hr', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'blockquote', 'pre', 'code', 'ul', 'ol', 'li'],
  ...['strong', 'em', 'del', 'a', 'table', 'thead', 'tbody', 'tr', 'th', 'td'],
];
const ALLOWED_ATTR = ['href', 'title', 'start', 'align', 'target', 'rel', 'class'];
/** The one class that an answer may give: the language of its code. */
const LANGUAGE = /^language-[\w+#-]{1,20}$/;

/** What KaTeX writes of MathML: nothing of it links, loads, or has a colour of its own. */
const MATHS_TAGS = [
  ...['math', 'semantics', 'annotation', 'mrow', 'mi', 'mn', 'mo', 'mtext', 'mspace', 'ms', 'mfrac', 'msqrt', 'mroot'],
  ...['msub', 'msup', 'msubsup', 'munder', 'mover', 'munderover', 'mmultiscripts', 'mprescripts', 'mstyle', 'mpadded'],
  ...['mphantom', 'menclose', 'mtable', 'mtr', 'mtd', 'mlabeledtr'],
];
const MATHS_ATTR = [
  ...['display', 'displaystyle', 'scriptlevel', 'mathvariant', 'stretchy', 'fence', 'separator', 'accent'],
  ...['accentunder', 'lspace', 'rspace', 'width', 'height', 'depth', 'voffset', 'linethickness', 'largeop'],
  ...['movablelimits', 'symmetric', 'minsize', 'maxsize', 'columnalign', 'columnspacing', 'columnlines', 'rowspacing'],
  ...['rowlines', 'notation', 'side', 'encoding'],
];

const SANITISE = {
  ALLOWED_TAGS: [...ALLOWED_TAGS, ...MATHS_TAGS],
  ALLOWED_ATTR: [...ALLOWED_ATTR, ...MATHS_ATTR],
};

const marked = new Marked(maths, {
  gfm: true,
  breaks: true,
  renderer: {
    // An answer that speaks of HTML shows it as it was written.
    html: ({ text }: Tokens.HTML | Tokens.Tag) => escapeHtml(text),
    // A picture would be a request to whoever the model names.
    image: ({ href, text }: Tokens.Image) => escapeHtml(`${text} (${href})`),
    checkbox: ({ checked }: Tokens.Checkbox) => (checked ? '☑ ' : '☐ '),
  },
});

const purifier = createPurifier(window);
purifier.addHook('uponSanitizeAttribute', (element, attribute) => {
  if (attribute.attrName !== 'class') return;
  attribute.keepAttr = element.tagName === 'CODE' && LANGUAGE.test(attribute.attrValue);
});
purifier.addHook('afterSanitizeAttributes', (element) => {
  // What may scroll sideways must be reachable by keyboard.
  if (element.tagName === 'PRE' || element.tagName === 'TABLE') element.setAttribute('tabindex', '0');
  if (element.tagName !== 'A') return;
  element.setAttribute('target', '_blank');
  element.setAttribute('rel', 'noopener noreferrer nofollow');
});

/** Markdown blocks as HTML that is safe to insert, whatever a model or a stage has put into them. */
export const safeMarkdown: BlockParser = {
  lex: (text) => marked.lexer(text),
  toHtml: (token: Token) => {
    const html = marked.parser([token]);
    return html === '' ? '' : purifier.sanitize(html, SANITISE);
  },
};
