/** Inside of a class: what a JSON string has escaped only. */
const ESCAPED_ONLY = '"\\\\\\u0000-\\u001f';
/** Any character that may stand in a JSON string as it is. */
export const ANY_CHARACTER = `[^${ESCAPED_ONLY}]`;
/** What the grammar's library cannot do: looking around, looking back, borders of words, properties of characters. */
const UNSUPPORTED = /\(\?[=!<]|\\[bBpPk1-9]/;
/** How JSON writes them, as regular expressions. */
const ESCAPES = new Map([
  ['"', '(\\\\")'],
  ['\\\\', '(\\\\\\\\)'],
  ['\\"', '(\\\\")'],
  ['\\n', '(\\\\n)'],
  ['\\r', '(\\\\r)'],
  ['\\t', '(\\\\t)'],
  ['\\f', '(\\\\f)'],
  ['.', ANY_CHARACTER],
  ['\\s', ' '],
  ['\\S', `[^ ${ESCAPED_ONLY}]`],
  ['\\D', `[^0-9${ESCAPED_ONLY}]`],
  ['\\W', `[^a-zA-Z0-9_${ESCAPED_ONLY}]`],
]);
/** A class, an escape with its digits, or a character. */
const PARTS = /\[(?:\\.|[^\]\\])*\]|\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|./gsu;
/** In a class: an escape with its digits, or a character. */
const MEMBERS = /\\x[0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.|./gsu;
const CONTROLS: Readonly<Record<string, number>> = { n: 10, r: 13, t: 9, f: 12, v: 11, 0: 0 };
const SETS: Readonly<Record<string, readonly Range[]>> = {
  d: [[0x30, 0x39]],
  w: [
    [0x30, 0x39],
    [0x41, 0x5a],
    [0x5f, 0x5f],
    [0x61, 0x7a],
  ],
  s: [[0x20, 0x20]],
};
/** Characters that a JSON string has escaped only. */
const FORBIDDEN: readonly Range[] = [
  [0, 0x1f],
  [0x22, 0x22],
  [0x5c, 0x5c],
];

/** First and last code point. */
type Range = readonly [number, number];

/**
 * A schema's pattern such that what matches is the inside of a JSON string: the library takes it for that, quotes and line
 * breaks with it.
 * @returns undefined for a pattern that it cannot follow
 */
export function fitPattern(pattern: string): string | undefined {
  if (UNSUPPORTED.test(pattern)) return undefined;
  const parts = pattern.match(PARTS) ?? [];
  const fitted = parts.map((part, index) => {
    const atEnd = (part === '^' && index === 0) || (part === '$' && index === parts.length - 1);
    if ((part === '^' || part === '$') && !atEnd) return undefined;
    if (part.length > 1 && part.startsWith('[')) return fitClass(part);
    return ESCAPES.get(part) ?? (isForbidden(part) ? undefined : part);
  });
  return fitted.every((part) => part !== undefined) ? fitted.join('') : undefined;
}

function fitClass(part: string): string | undefined {
  const inside = part.slice(1, -1);
  // Of characters beyond ASCII the library leaves out others than it should.
  if (inside.startsWith('^')) return /\\[DWSxu]|[^ -~]/.test(inside) ? undefined : `[${inside}${ESCAPED_ONLY}]`;
  const ranges = rangesOf(inside.match(MEMBERS) ?? []);
  const left = ranges?.flatMap((range) => FORBIDDEN.reduce(without, [range])) ?? [];
  return left.length > 0
    ? `[${left.map(([first, last]) => `${written(first)}-${written(last)}`).join('')}]`
    : undefined;
}

function rangesOf(members: readonly string[]): Range[] | undefined {
  const ranges: Range[] = [];
  for (let at = 0; at < members.length; at++) {
    const member = members[at]!;
    const set = member.length === 2 ? SETS[member[1]!] : undefined;
    if (set) {
      ranges.push(...set);
      continue;
    }
    if (/^\\[DWSuxc]$/.test(member)) return undefined;
    const first = codeOf(member);
    const isRange = members[at + 1] === '-' && at + 2 < members.length;
    const last = isRange ? codeOf(members[at + 2]!) : first;
    if (isRange) at += 2;
    if (last < first || last > 0xffff) return undefined;
    ranges.push([first, last]);
  }
  return ranges;
}

function codeOf(member: string): number {
  if (!member.startsWith('\\') || member.length === 1) return member.codePointAt(0)!;
  if (member.length > 2) return Number.parseInt(member.slice(2), 16);
  return CONTROLS[member[1]!] ?? member.codePointAt(1)!;
}

function isForbidden(part: string): boolean {
  const code = codeOf(part);
  return FORBIDDEN.some(([first, last]) => code >= first && code <= last);
}

function without(ranges: readonly Range[], [first, last]: Range): Range[] {
  return ranges.flatMap(([from, to]): Range[] => {
    if (last < from || first > to) return [[from, to]];
    const parts: Range[] = [
      [from, first - 1],
      [last + 1, to],
    ];
    return parts.filter(([start, end]) => start <= end);
  });
}

function written(code: number): string {
  return `\\u${code.toString(16).padStart(4, '0')}`;
}
