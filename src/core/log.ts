import { Emitter } from './events.ts';

export type LogLevel = 'info' | 'warn' | 'error';

/** One line of the log: `[scope] text`. */
export interface LogLine {
  readonly timeMs: number;
  readonly level: LogLevel;
  readonly scope: string;
  readonly text: string;
}

/** Lines kept for the page's log and for `shoal verify`: a day of one busy tab, well under a megabyte. */
const MAX_KEPT_LINES = 2000;

const events = new Emitter<{ line: LogLine }>();
const kept: LogLine[] = [];

function write(level: LogLevel, scope: string, text: string): void {
  const line: LogLine = { timeMs: Date.now(), level, scope, text };
  kept.push(line);
  if (kept.length > MAX_KEPT_LINES) kept.shift();
  console[level](`[${scope}] ${text}`);
  events.emit('line', line);
}

/** The process's log: the console, and a bounded memory that the page shows. */
export const log = {
  info: (scope: string, text: string) => write('info', scope, text),
  warn: (scope: string, text: string) => write('warn', scope, text),
  error: (scope: string, text: string) => write('error', scope, text),
  lines: (): readonly LogLine[] => kept,
  onLine: (listener: (line: LogLine) => void) => events.on('line', listener),
};
