import './styles/code.css';
import highlighter from 'highlight.js/lib/common';

/** Longer code is shown as it is: colouring it would hold the page up. */
const MAX_CHARS = 20_000;

/** Colours a block of code in the language that its class names; in none that is unknown. */
export function colorCode(code: HTMLElement): void {
  const language = /(?:^| )language-(\S+)/.exec(code.className)?.[1] ?? '';
  const text = code.textContent ?? '';
  if (!highlighter.getLanguage(language) || text.length > MAX_CHARS || code.dataset.colored) return;
  // The highlighter escapes what it is given.
  code.innerHTML = highlighter.highlight(text, { language, ignoreIllegals: true }).value;
  code.dataset.colored = 'yes';
}
