import createPurifier from 'dompurify';
import { Marked, type Token, type Tokens } from 'marked';

/** What an answer may consist of: text, and nothing that loads, runs, or looks like a part of the page. */
const ALLOWED_TAGS = [
  ...['p', 'br', 'hr', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6', 'blockquote', 'pre', 'code', 'ul', 'ol', 'li'],
  ...['strong', 'em', 'del', 'a', 'table', 'thead', 'tbody', 'tr', 'th', 'td'],
];
const ALLOWED_ATTR = ['href', 'title', 'start', 'align', 'target', 'rel'];

const marked = new Marked({
  renderer: {
    // An answer that speaks of HTML shows it as it was written.
    html: ({ text }: Tokens.HTML | Tokens.Tag) => escapeHtml(text),
    // A picture would be a request to whoever the model names.
    image: ({ href, text }: Tokens.Image) => escapeHtml(`${text} (${href})`),
    checkbox: ({ checked }: Tokens.Checkbox) => (checked ? '☑ ' : '☐ '),
  },
});

const purifier = createPurifier(window);
purifier.addHook('afterSanitizeAttributes', (element) => {
  if (element.tagName !== 'A') return;
  element.setAttribute('target', '_blank');
  element.setAttribute('rel', 'noopener noreferrer nofollow');
});

/** One markdown block as HTML that is safe to insert, whatever a model or a stage has put into it. */
export function safeHtml(token: Token): string {
  const html = marked.parser([token]);
  return html === '' ? '' : purifier.sanitize(html, { ALLOWED_TAGS, ALLOWED_ATTR });
}

function escapeHtml(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');
}
