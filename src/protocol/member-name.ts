import { MAX_NAME_CHARS } from './limits.ts';

/** What is not seen, or moves what stands around it: controls, bidi overrides, joiners, blanks that look like nothing. */
const UNSEEN = /[\p{C}\p{Default_Ignorable_Code_Point}\u2800]/gu;
const SPACES = /[\p{Z}\s]+/gu;
/** A letter bears two marks in any script that people write; more of them climb over the lines around. */
const PILED_MARKS = /(\p{M}{2})\p{M}+/gu;

/** A member's name as it may be shown, whoever wrote it: one short line of text, perhaps empty. */
export function plainName(text: string): string {
  return plainLine(text, MAX_NAME_CHARS);
}

/** A stranger's text as one line that leaves the lines around it as they are. */
export function plainLine(text: string, maxChars: number): string {
  const line = text.normalize('NFC').replace(SPACES, ' ').replace(UNSEEN, '').replace(PILED_MARKS, '$1');
  return [...line.replace(SPACES, ' ').trim()].slice(0, maxChars).join('').trim();
}
