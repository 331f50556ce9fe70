import { readdirSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import { afterEach, expect, test, vi } from 'vitest';
import { chooseRunner } from '../../../src/app/choose-runner.ts';
import { storedSettings } from '../../../src/app/settings.ts';
import type { Seen } from '../../../src/swarm/seen.ts';
import { german } from '../../../src/words/de/german.ts';
import { english } from '../../../src/words/en/first.ts';
import { englishLater } from '../../../src/words/en/later.ts';
import {
  formatBytes,
  formatBytesOf,
  formatCount,
  formatDay,
  formatDuration,
  joinWords,
} from '../../../src/words/format.ts';
import { browserLanguage, errorWords, speak, spoken, words } from '../../../src/words/words.ts';

const COMPONENTS = new URL('../../../src/ui/components/', import.meta.url);
const SPOKEN_ATTRIBUTES = ['title', 'aria-label', 'placeholder', 'alt', 'label', 'otherwise', 'aria-description'];
/** What is no word: a name, and what a person types. */
const NO_WORDS = ['&nbsp;', 'Shoal', 'npm start -- --host 0.0.0.0 --https', 'http://localhost'];
/** Functions of a text of the log. */
const OF_LOG = ['.settings.adapter', '.settings.reason', '.device.computesOn', '.checks.nameOf'];
/** Said alike in both languages. */
const ALIKE = ['Top-p', 'Top-k', 'Min-p', 'Tabs', 'GPU', 'Pause'];

interface Told {
  readonly path: string;
  readonly text: string;
  readonly arity: number | undefined;
}

/** Every word of a table; a function's by what it says of the same arguments. */
function told(table: unknown, path = ''): Told[] {
  if (typeof table === 'string') return [{ path, text: table, arity: undefined }];
  if (typeof table === 'function') {
    const texts = [1, 2].flatMap((count) => {
      const number = OF_LOG.includes(path) ? String(count) : count;
      const said: unknown = table(...['a', 'b', 'c', 'd'].map((name, at) => (at % 2 === count % 2 ? number : name)));
      // One of data has nothing to say of a name; a test of its own gives it some.
      return said === undefined ? [] : [String(said)];
    });
    return texts.map((text) => ({ path: `${path}()`, text, arity: table.length }));
  }
  if (typeof table !== 'object' || table === null) return [];
  const { notation: _, ...rest } = table as Record<string, unknown>;
  return Object.entries(rest).flatMap(([key, value]) => told(value, `${path}.${key}`));
}

/** What people read that stands in a component itself. */
function literalWords(file: string): string[] {
  const text = readFileSync(new URL(file, COMPONENTS), 'utf8');
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX);
  const found: string[] = [];
  const say = (words: string) => {
    if (/\p{L}{2}/u.test(words) && !NO_WORDS.includes(words.trim())) found.push(`${file}: ${words.trim()}`);
  };
  /** Strings that an expression may show; those that it only compares or looks up are none of them. */
  const shown = (node: ts.Node): void => {
    if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) say(node.text);
    else if (ts.isTemplateExpression(node)) {
      say(node.head.text);
      for (const span of node.templateSpans) say(span.literal.text);
    } else if (ts.isConditionalExpression(node)) [node.whenTrue, node.whenFalse].forEach(shown);
    else if (ts.isParenthesizedExpression(node)) shown(node.expression);
    else if (ts.isBinaryExpression(node) && /^(&&|\|\||\?\?|\+)$/.test(node.operatorToken.getText()))
      [node.left, node.right].forEach(shown);
  };
  const visit = (node: ts.Node): void => {
    if (ts.isJsxText(node)) say(node.text);
    if (ts.isJsxExpression(node) && !ts.isJsxAttribute(node.parent) && node.expression) shown(node.expression);
    if (ts.isJsxAttribute(node) && SPOKEN_ATTRIBUTES.includes(node.name.getText()) && node.initializer) {
      shown(ts.isJsxExpression(node.initializer) ? node.initializer.expression! : node.initializer);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

afterEach(() => {
  vi.unstubAllGlobals();
  spoken.value = { first: english, later: undefined, detail: () => undefined };
});

test('components have no words of their own', () => {
  const files = readdirSync(COMPONENTS);
  expect(files.length).toBeGreaterThan(40);
  expect([...files, '../app.tsx'].flatMap(literalWords)).toEqual([]);
});

test('German says everything otherwise than English, with as many arguments', () => {
  const [ours, theirs] = [
    [...told(english), ...told(englishLater)],
    [...told(german.first), ...told(german.later)],
  ];
  const wording = ours.filter(({ path }) => !/^\.(locale|direction)/.test(path));
  expect(wording.length).toBeGreaterThan(400);
  const alike = wording.filter(({ path, text }) => theirs.some((word) => word.path === path && word.text === text));
  const words = alike.filter(({ text }) => /\p{L}{3}/u.test(text) && !ALIKE.includes(text));
  expect(words).toEqual([]);
  // A sentence that leaves a figure out has nothing to say of it; one that wants more would say "undefined".
  const most = new Map(ours.map(({ path, arity }) => [path, arity ?? 0]));
  expect(theirs.filter(({ path, arity }) => (arity ?? 0) > most.get(path)!)).toEqual([]);
  expect(theirs.map(({ path }) => path).sort()).toEqual(ours.map(({ path }) => path).sort());
});

test('a language is found by the browser, and kept to', async () => {
  expect(browserLanguage(['de-AT', 'en'])).toBe('de');
  expect(browserLanguage(['fr', 'de'])).toBe('de');
  expect(browserLanguage(['fr-FR'])).toBe('en');
  expect(browserLanguage([])).toBe('en');
  expect(browserLanguage(['constructor', 'de'])).toBe('de');
  const documentElement = { lang: '', dir: '' };
  vi.stubGlobal('document', { documentElement });
  vi.stubGlobal('navigator', { languages: ['de-DE'] });
  await speak('auto');
  expect([words().page.settings, documentElement]).toEqual(['Einstellungen', { lang: 'de', dir: 'ltr' }]);
  // What is asked for last counts, however long the other takes.
  const german = speak('de');
  await speak('en');
  await german;
  expect([words().page.settings, documentElement.lang]).toEqual(['Settings', 'en']);
});

test('the language that was chosen is kept, and one that the page has no more is not', () => {
  const items = new Map<string, string>();
  const localStorage = { getItem: (key: string) => items.get(key) ?? null, setItem: items.set.bind(items) };
  vi.stubGlobal('localStorage', localStorage);
  expect(storedSettings().settings.value.language).toBe('auto');
  storedSettings().change({ language: 'de' });
  expect(storedSettings().settings.value.language).toBe('de');
  for (const [key, text] of items) items.set(key, text.replace('"de"', '"xx"'));
  expect(storedSettings().settings.value.language).toBe('auto');
});

test('numbers and lists are written as the language writes them', () => {
  expect([formatBytes(46_200_000), formatBytesOf(28_600_000, 46_200_000)]).toEqual(['46.2 MB', '28.6 of 46.2 MB']);
  spoken.value = german;
  expect([formatBytes(46_200_000), formatBytesOf(28_600_000, 46_200_000)]).toEqual(['46,2 MB', '28,6 von 46,2 MB']);
  expect([formatCount(8192), formatDuration(412), joinWords(['a', 'b', 'c'])]).toEqual([
    '8.192',
    '0,4 s',
    'a, b und c',
  ]);
  expect(words().shards(joinWords(['1', '3']), 2)).toBe('Teile 1 und 3');
});

test('an error says what to do, and one that nobody knows says nothing', () => {
  expect(errorWords('storage-full')).toContain('Free disk space');
  expect([errorWords('toString'), errorWords(undefined)]).toEqual(['', '']);
});

test('German knows why layers run where they do, and what is checked', () => {
  const settings = { threads: 'auto', runner: 'auto' } as const;
  const choices = [
    chooseRunner({ ...settings, runner: 'cpu' }, 'available'),
    ...(['available', 'software', 'missing'] as const).map((webgpu) => chooseRunner(settings, webgpu)),
  ];
  const reasons = choices.flatMap(({ reason, otherwise }) => (otherwise ? [reason, otherwise.reason] : [reason]));
  expect(reasons.length).toBe(5);
  for (const reason of reasons) expect(german.later.settings.reason(reason)).not.toBe(reason);
  const source = readFileSync(new URL('../../../src/swarm/verify.ts', import.meta.url), 'utf8');
  const names = [...source.matchAll(/(?:checkOf\(.+?, |look\()(['`])(.+?)\1,/g)].map(([, , name]) =>
    name!.replace(/\$\{label\}/, 'Shard 2 (layers 16-22)').replace(/\$\{.+?\}/g, '3'),
  );
  expect(names.length).toBeGreaterThan(6);
  for (const name of names) expect(german.later.checks.nameOf(name)).not.toBe(name);
});

const SEEN: readonly Seen[] = [
  { kind: 'nodes', count: 1 },
  { kind: 'capabilities', shards: [0, 1], runner: 'cpu', adapter: '2 threads' },
  { kind: 'files', names: ['shard-0.gguf'], all: 4 },
  { kind: 'served', by: ['a', 'b'] },
  { kind: 'registered', file: 'shard-0.gguf', hash: '9f', holders: 2 },
  { kind: 'answered', text: 'Paris', lapMs: 12.4 },
  { kind: 'computed', layers: { start: 0, end: 7 }, at: 'a', computeMs: 1.25, wireMs: 0.5, waitMs: 0 },
  { kind: 'copies', prompts: 2, nodes: 5 },
  { kind: 'logged', lines: 6 },
];

test.each(SEEN)('what a check has seen is told in each language, with names: $kind', (seen) => {
  const nameOf = (peerId: string) => `Tab ${peerId.toUpperCase()}`;
  const [inEnglish, inGerman] = [englishLater, german.later].map(({ checks }) => checks.seen(seen, nameOf));
  expect(inGerman).not.toBe(inEnglish);
  if (seen.kind === 'served') expect([inEnglish, inGerman]).toEqual(['by Tab A, Tab B', 'von Tab A, Tab B']);
  if (seen.kind === 'computed') expect(inGerman).toContain('1,3 ms rechnen');
});

test('a day is written also where the browser names the locale of the system, which it does not take', () => {
  vi.stubGlobal('navigator', { languages: ['en-US@posix', 'en-US'] });
  expect(formatDay(Date.UTC(2026, 10, 30, 12))).toBe('11/30/2026');
  vi.stubGlobal('navigator', { languages: ['en-US@posix'] });
  expect(formatDay(Date.UTC(2026, 10, 30, 12))).toBe('11/30/2026');
  vi.unstubAllGlobals();
});
