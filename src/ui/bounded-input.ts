import { words } from '../words/words.ts';

/** Characters that a box takes: the browser lays them all out at once, for a million a second or two. */
const MAX_CHARS = 262_144;
/** Lines, each of which is an element to the browser: a million stop it for minutes. */
const MAX_LINES = 10_000;

/** The text that a box would have after an input. */
export function textAfter({
  currentTarget,
  data,
}: {
  currentTarget: HTMLTextAreaElement;
  data: string | null;
}): string {
  const { value, selectionStart, selectionEnd } = currentTarget;
  return value.slice(0, selectionStart) + (data ?? '') + value.slice(selectionEnd);
}

/** Why a box does not take a text, which would stop the page before anybody could refuse to send it. */
export function whyTooLong(text: string): string | undefined {
  if (text.length > MAX_CHARS) return words().chat.tooManyChars(MAX_CHARS, text.length);
  let lines = 1;
  for (let at = text.indexOf('\n'); at >= 0 && lines <= MAX_LINES; at = text.indexOf('\n', at + 1)) lines++;
  return lines > MAX_LINES ? words().chat.tooManyLines(MAX_LINES) : undefined;
}
