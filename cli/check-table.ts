import { styleText } from 'node:util';
import { oneLine } from '../src/core/one-line.ts';
import type { Check } from '../src/swarm/verify.ts';

/** Names are padded to this width: long enough for most, so that the details line up. */
const NAME_WIDTH = 38;

/** Details quote other nodes, who may say as much as they like. */
const MAX_CHECK_CHARS = 2000;

/** One check as a line of the table. */
export function formatCheck({ name, passed, detail }: Check): string {
  const mark = passed ? styleText('green', '✓') : styleText('red', '✗');
  // Nor may a model's words steer the terminal.
  return `${mark} ${oneLine(`${name.padEnd(NAME_WIDTH)}  ${detail}`, MAX_CHECK_CHARS)}`;
}

/** The last line. */
export function formatTotal(checks: readonly Check[]): string {
  const failed = checks.filter(({ passed }) => !passed).length;
  return `${checks.length - failed} passed, ${failed} failed`;
}
