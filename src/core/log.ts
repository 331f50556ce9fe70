import { Emitter } from './events.ts';
import { oneLine } from './one-line.ts';

/** From what fails to what is done, each level with those before it. */
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** One line of the log: `[scope] text`. */
export interface LogLine {
  readonly timeMs: number;
  readonly level: Exclude<LogLevel, 'debug'>;
  readonly scope: string;
  readonly text: string;
  /** How often it came, where that was more than once. */
  readonly count?: number;
}

/** Lines kept for the page's log and for `shoal verify`: a day of one busy tab, well under a megabyte. */
const MAX_KEPT_LINES = 2000;

/** Lines quote what peers say: the longest of this tab's own lines are a GPU's messages. */
const MAX_LINE_CHARS = 2000;

/** A line that comes again among so many is counted, not written once more: a failure that recurs would push all else out. */
const RECENT_LINES = 50;

const events = new Emitter<{ line: LogLine }>();
const kept: LogLine[] = [];
/** The last level that the console hears of. */
let printed: LogLevel = 'info';

export function isWithin(level: LogLevel, last: LogLevel): boolean {
  return LOG_LEVELS.indexOf(level) <= LOG_LEVELS.indexOf(last);
}

function write(level: LogLevel, scope: string, said: string): void {
  const text = oneLine(said, MAX_LINE_CHARS);
  if (isWithin(level, printed)) console[level](`[${scope}] ${text}`);
  // Lines of every request would push all else out.
  if (level !== 'debug') keep({ timeMs: Date.now(), level, scope, text });
}

function keep({ timeMs, level, scope, text }: LogLine): void {
  const line: LogLine = { timeMs, level, scope, text, ...countAgain(level, scope, text) };
  kept.push(line);
  if (kept.length > MAX_KEPT_LINES) kept.shift();
  events.emit('line', line);
}

/** Takes an equal line of late out, whose place the new one takes. */
function countAgain(level: LogLine['level'], scope: string, text: string): Pick<LogLine, 'count'> {
  const same = (line: LogLine) => line.text === text && line.scope === scope && line.level === level;
  const place = kept.findLastIndex((line, index) => index >= kept.length - RECENT_LINES && same(line));
  if (place < 0) return {};
  const [before] = kept.splice(place, 1);
  return { count: (before!.count ?? 1) + 1 };
}

/** The process's log: the console, and a bounded memory that the page shows. */
export const log = {
  /** Printed where somebody asked for it, and not kept. */
  debug: (scope: string, text: string) => write('debug', scope, text),
  info: (scope: string, text: string) => write('info', scope, text),
  warn: (scope: string, text: string) => write('warn', scope, text),
  error: (scope: string, text: string) => write('error', scope, text),
  /** Keeps what lies beyond this level from the console; `info` until then. */
  print: (last: LogLevel) => {
    printed = last;
  },
  /** A line of another thread, which has written it to the console. */
  take: keep,
  lines: (): readonly LogLine[] => kept,
  onLine: (listener: (line: LogLine) => void) => events.on('line', listener),
};
