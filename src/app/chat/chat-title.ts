import type { ChatMessage } from '../app-model.ts';

/** Fits a line of a list. */
const LINE_CHARS = 60;

/** A conversation's first words; empty before the first question. */
export function chatTitle(messages: readonly Pick<ChatMessage, 'role' | 'text'>[]): string {
  const first = messages.find(({ role }) => role === 'user')?.text ?? '';
  const line = first.trim().replace(/\s+/g, ' ');
  if (line.length <= LINE_CHARS) return line;
  const cut = line.slice(0, LINE_CHARS);
  // Whole words, unless the first is longer than a title.
  const end = cut.lastIndexOf(' ');
  return `${end > LINE_CHARS / 2 ? cut.slice(0, end) : cut}…`;
}
