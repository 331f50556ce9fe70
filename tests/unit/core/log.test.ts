import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { LOG_LEVELS, log } from '../../../src/core/log.ts';

beforeEach(() => {
  for (const level of LOG_LEVELS) vi.spyOn(console, level).mockImplementation(() => {});
});
afterEach(() => {
  log.print('info');
  vi.restoreAllMocks();
});

const texts = () => log.lines().map(({ text, count }) => `${text}${count === undefined ? '' : ` ×${count}`}`);

it('counts a line that comes again, at its newest place', () => {
  for (let time = 0; time < 8; time++) log.warn('STORE', 'No room.');
  log.warn('STORE', 'Fetching.');
  log.warn('STORE', 'No room.');
  log.error('STORE', 'No room.');
  log.warn('NET', 'No room.');
  expect(texts()).toEqual(['Fetching.', 'No room. ×9', 'No room.', 'No room.']);
  expect(console.warn).toHaveBeenCalledTimes(11);
});

it('writes one anew after many others', () => {
  for (let time = 0; time < 60; time++) log.info('TEST', `line ${time}`);
  log.info('TEST', 'line 0');
  expect(texts().filter((text) => text.startsWith('line 0'))).toEqual(['line 0', 'line 0']);
});

it('makes one line of what peers say, in the console as in the memory', () => {
  const hostile = 'gone\r\n[SHARD] ✓✓✓ SHARD 0 LOADED ✓✓✓\u2028\u001b[2J\u009b31m\u202egnorw\u2066';
  log.warn('NET', `Dropped peer: ${hostile}`);
  const line = 'Dropped peer: gone [SHARD] ✓✓✓ SHARD 0 LOADED ✓✓✓ [2J 31mgnorw';
  expect(texts().at(-1)).toBe(line);
  expect(console.warn).toHaveBeenLastCalledWith(`[NET] ${line}`);
});

it('keeps the beginning of a line that is too long', () => {
  log.info('NET', `Said: ${'x'.repeat(1_000_000)}`);
  const last = texts().at(-1)!;
  expect(last.length).toBe(2000);
  expect(last.endsWith('x…')).toBe(true);
});

it.each(LOG_LEVELS)('prints %s and what is worse, and keeps all but what is for debugging', (last) => {
  log.print(last);
  for (const level of LOG_LEVELS) log[level]('TEST', `${level} of ${last}`);
  const printed = LOG_LEVELS.slice(0, LOG_LEVELS.indexOf(last) + 1);
  for (const level of LOG_LEVELS) expect(console[level]).toHaveBeenCalledTimes(printed.includes(level) ? 1 : 0);
  expect(texts().slice(-3)).toEqual(['error', 'warn', 'info'].map((level) => `${level} of ${last}`));
});
