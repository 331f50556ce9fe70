/** Ends of lines, escapes and all else that steers what shows the text. */
const CONTROLS = /[\p{Cc}\p{Zl}\p{Zp}]+/gu;
/** What turns the text around it: overrides, isolates, marks. */
const TURNS = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/**
 * Text that quotes others, as one line that neither looks like several nor steers a terminal or the line it stands in.
 * @param maxChars - of the whole; what is cut off is marked by an ellipsis
 */
export function oneLine(text: string, maxChars: number): string {
  const cut = text.length > maxChars ? `${text.slice(0, maxChars - 1)}…` : text;
  return cut.replace(CONTROLS, ' ').replace(TURNS, '');
}
