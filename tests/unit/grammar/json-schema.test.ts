import { describe, expect, it } from 'vitest';
import { ANY_CHARACTER, fitPattern } from '../../../src/grammar/fit-pattern.ts';
import { fitSchema } from '../../../src/grammar/json-schema.ts';

describe('a schema', () => {
  it.each([
    [{ not: { type: 'null' } }, 'not'],
    [{ properties: { not: { type: 'null' } } }, undefined],
    [{ properties: { a: { type: 'array', uniqueItems: true } } }, 'properties.a.uniqueItems'],
    [{ type: 'array', uniqueItems: false }, undefined],
    [{ anyOf: [{ type: 'null' }, { type: 'number', multipleOf: 3 }] }, 'anyOf.1.multipleOf'],
    [{ allOf: [{ type: 'object' }] }, undefined],
    [{ allOf: [{ type: 'object' }, {}] }, 'allOf'],
    [{ $ref: 'https://example.org/schema' }, '$ref'],
    [{ $ref: '#/$defs/a', $defs: { a: { if: {} } } }, '$defs.a.if'],
    [{ type: 'number', minimum: 0 }, undefined],
    [{ type: 'number', minimum: 1, maximum: 2 }, 'minimum'],
    [{ type: 'string', pattern: '^(?=a)b$' }, 'pattern'],
    [{ type: 'string', pattern: '^a$', minLength: 3 }, 'pattern'],
    [{ patternProperties: { '\\bx': {} } }, 'patternProperties.\\bx'],
    [{ items: [], const: [{ not: 1 }] }, undefined],
    [true, undefined],
  ])('%j: what answers may fail is %s', (schema, unheld) => {
    expect(fitSchema(schema).unheld).toBe(unheld);
  });

  it('is not held to longer texts than are to be counted', () => {
    const { schema, unheld } = fitSchema({ items: { type: 'string', minLength: 2, maxLength: 300 } }, 16);
    expect(schema).toEqual({ items: { type: 'string', pattern: `^${ANY_CHARACTER}{2,}$` } });
    expect(unheld).toBe('items.maxLength');
  });

  it.each([
    [
      { type: 'integer', minimum: -3 },
      { type: 'integer', minimum: -3, maximum: 999_999_999_999_999 },
    ],
    [
      { type: 'integer', exclusiveMaximum: 4 },
      { type: 'integer', exclusiveMaximum: 4, minimum: -999_999_999_999_999 },
    ],
    [{ type: 'number', maximum: 2.5 }, { type: 'number' }],
    [
      { type: 'string', minLength: 2, maxLength: 3 },
      { type: 'string', pattern: `^${ANY_CHARACTER}{2,3}$` },
    ],
    [
      { type: 'string', minLength: 2 },
      { type: 'string', pattern: `^${ANY_CHARACTER}{2,}$` },
    ],
    [{ type: 'string', pattern: '^(?!a)' }, { type: 'string' }],
    [{ properties: { minimum: { type: 'null' } } }, { properties: { minimum: { type: 'null' } } }],
  ])('%j is written so that no answer is wrong', (schema, fitted) => {
    expect(fitSchema(schema).schema).toEqual(fitted);
  });

  it('within thousands of others ends the stack of nobody', () => {
    let schema: object = { type: 'null' };
    for (let depth = 0; depth < 20_000; depth++) schema = { items: schema };
    expect(fitSchema(schema).unheld).toBeUndefined();
  });
});

describe('a pattern', () => {
  it.each([
    ['^[a-f]{2}$', '^[\\u0061-\\u0066]{2}$'],
    ['^.x$', `^${ANY_CHARACTER}x$`],
    ['^[^x]$', '^[^x"\\\\\\u0000-\\u001f]$'],
    ['"', '(\\\\")'],
    ['\\\\', '(\\\\\\\\)'],
    ['a\\nb', 'a(\\\\n)b'],
    ['[ -~]', '[\\u0020-\\u0021\\u0023-\\u005b\\u005d-\\u007e]'],
    ['[\\w-]', '[\\u0030-\\u0039\\u0041-\\u005a\\u005f-\\u005f\\u0061-\\u007a\\u002d-\\u002d]'],
    ['[\\s"]', '[\\u0020-\\u0020]'],
    ['a\\sb', 'a b'],
    ['[^é]', undefined],
    ['\\d\\.', '\\d\\.'],
    ['["]', undefined],
    ['a^b', undefined],
    ['a$b', undefined],
    ['(?=a)', undefined],
    ['\\bword', undefined],
    ['\\1', undefined],
    ['\\p{L}', undefined],
    ['[\\D]', undefined],
    ['[z-a]', undefined],
  ])('%s becomes the inside of a JSON string', (pattern, fitted) => {
    expect(fitPattern(pattern)).toBe(fitted);
  });
});
