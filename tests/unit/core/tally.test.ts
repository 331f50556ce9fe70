import { expect, it } from 'vitest';
import { Tally } from '../../../src/core/tally.ts';

it('sums for each, and forgets of a crowd those counted longest ago', () => {
  const tally = new Tally();
  tally.add('one', 2);
  tally.add('two', 3);
  tally.add('one', 4);
  expect([tally.total, tally.of('one'), tally.of('two'), tally.of('nobody')]).toEqual([9, 6, 3, 0]);
  for (let at = 0; at < 1023; at++) tally.add(`peer ${at}`, 1);
  expect([tally.total, tally.of('one'), tally.of('two')]).toEqual([1032, 6, 0]);
});
