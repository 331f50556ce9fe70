import { ShoalError } from '../src/core/errors.ts';
import { LOG_LEVELS, type LogLevel } from '../src/core/log.ts';

/** Beside its default. */
export const LOG_OPTION = {
  type: 'string',
  valueHint: 'LEVEL',
  description: `Lines to print, each level with those before it: ${LOG_LEVELS.join(', ')}`,
} as const;

/** @throws ShoalError `bad-request` */
export function parseLogLevel(text: string): LogLevel {
  const level = LOG_LEVELS.find((known) => known === text);
  if (level) return level;
  throw new ShoalError('bad-request', `--log is "${text}", expected ${LOG_LEVELS.join(', ')}.`);
}
