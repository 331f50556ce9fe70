import { expect, it } from 'vitest';
import { ExchangeNames } from '../../../src/app/exchange-names.ts';

const ID = 'a'.repeat(40);

it('tells whose bytes they are, also when the tab has gone', () => {
  const names = new ExchangeNames();
  names.hear([
    { peerId: 'one', exchangeId: ID },
    { peerId: 'two', exchangeId: '' },
  ]);
  expect(names.ownerOf(ID)).toBe('one');
  expect(names.ownerOf('')).toBeUndefined();
  names.hear([]);
  expect(names.ownerOf(ID)).toBe('one');
});

it('says nothing where two tabs claim to be the same', () => {
  const names = new ExchangeNames();
  names.hear([
    { peerId: 'one', exchangeId: ID },
    { peerId: 'liar', exchangeId: ID },
  ]);
  expect(names.ownerOf(ID)).toBeUndefined();
});
