import fc from 'fast-check';
import * as v from 'valibot';
import { expect, it } from 'vitest';
import { MAX_NAME_CHARS } from '../../../src/protocol/limits.ts';
import { plainName } from '../../../src/protocol/member-name.ts';
import { presenceSchema } from '../../../src/protocol/presence.ts';

const presence = { sequence: 1, ready: [], pending: [], layersPerSecond: 0, queueLength: 0, leaving: false };
const heard = (name: unknown) => v.parse(presenceSchema, { ...presence, name }).name;

it('keeps what people call their tabs', () => {
  for (const name of ['Chrome on Windows', "Anna's laptop", 'Küche', '台所', 'حاسوب', 'हिन्दी', 'Tab 2 🐟']) {
    expect(heard(name)).toBe(name);
  }
});

it('takes out what is not seen or moves the text around it', () => {
  expect(heard('\u202eevil\u202c \u2066x\u2069')).toBe('evil x');
  expect(heard('a\u0000\u0007b\u200bc\u200dd\ufeff')).toBe('abcd');
  expect(heard(' two\n\n lines\u2028here\t')).toBe('two lines here');
  expect(heard('\u3164\u2800\u115f')).toBe('');
  expect(heard(`e${'\u0301'.repeat(30)}`)).toBe('é\u0301\u0301');
});

it('gives a malformed name up, and keeps the member', () => {
  expect(v.parse(presenceSchema, presence).name).toBe('');
  for (const name of [7, null, {}, ['x'], 'x'.repeat(2 * MAX_NAME_CHARS + 1)]) expect(heard(name)).toBe('');
});

it('is one short line whatever comes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      const name = plainName(text);
      expect([...name].length).toBeLessThanOrEqual(MAX_NAME_CHARS);
      expect(name).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      expect(plainName(name)).toBe(name);
    }),
    { numRuns: 2000 },
  );
});
