import { styleText } from 'node:util';
import type { Check } from '../src/swarm/verify.ts';

/** Names are padded to this width: long enough for most, so that the details line up. */
const NAME_WIDTH = 38;

/** One check as a line of the table. */
export function formatCheck({ name, passed, detail }: Check): string {
  const mark = passed ? styleText('green', '✓') : styleText('red', '✗');
  // Details quote other nodes and a model's words: neither may steer the terminal.
  return `${mark} ${`${name.padEnd(NAME_WIDTH)}  ${detail}`.replace(/\p{Cc}+/gu, ' ')}`;
}

/** The last line. */
export function formatTotal(checks: readonly Check[]): string {
  const failed = checks.filter(({ passed }) => !passed).length;
  return `${checks.length - failed} passed, ${failed} failed`;
}
