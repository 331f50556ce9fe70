import { describe, expect, test } from 'vitest';
import {
  formatBytes,
  formatBytesOf,
  formatMs,
  formatRate,
  formatTimeLeft,
  joinWords,
  percent,
  plural,
  shortPeerId,
} from '../../../src/core/format.ts';

describe('formatBytes', () => {
  test.each([
    [0, '0 B'],
    [1, '1 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [46_234_567, '46.2 MB'],
    [132_400_000, '132 MB'],
    [999_400_000, '999 MB'],
    [999_500_000, '1.0 GB'],
    [99_949_999, '99.9 MB'],
    [99_950_000, '100 MB'],
    [5_000_000_000_000_000, '5000 TB'],
  ])('%d bytes are %s', (sizeBytes, text) => expect(formatBytes(sizeBytes)).toBe(text));
});

describe('formatBytesOf', () => {
  test('says a shared unit once', () => expect(formatBytesOf(12_400_000, 46_200_000)).toBe('12.4 of 46.2 MB'));
  test('says both units where they differ', () => expect(formatBytesOf(640_000, 46_200_000)).toBe('640 kB of 46.2 MB'));
  test('needs no unit for nothing', () => expect(formatBytesOf(0, 46_200_000)).toBe('0 of 46.2 MB'));
});

describe('formatRate', () => {
  test('a rate', () => expect(formatRate(3_400_000)).toBe('3.4 MB/s'));
  test('what is left of a rate that fades is 0', () => expect(formatRate(0.4)).toBe('0'));
});

describe('formatTimeLeft', () => {
  test.each([
    [0, '1 s'],
    [0.2, '1 s'],
    [4.2, '5 s'],
    [59, '59 s'],
    [59.5, '1 min'],
    [80, '1 min 20 s'],
    [3600, '1 h'],
    [7500, '2 h 5 min'],
    [273_600, '3 d 4 h'],
  ])('%d seconds are %s', (seconds, text) => expect(formatTimeLeft(seconds)).toBe(text));
});

describe('formatMs', () => {
  test.each([
    [0, '0.0'],
    [12.34, '12.3'],
    [99.94, '99.9'],
    [99.96, '100'],
    [1234.5, '1235'],
  ])('%d is %s', (ms, text) => expect(formatMs(ms)).toBe(text));
});

describe('percent', () => {
  test.each([
    [0, 10, 0],
    [999, 1000, 99],
    [1000, 1000, 100],
    [1001, 1000, 100],
    [0, 0, 0],
  ])('%d of %d is %d', (done, total, whole) => expect(percent(done, total)).toBe(whole));
});

test('words', () => {
  expect([plural(0, 'peer'), plural(1, 'peer'), plural(2, 'peer')]).toEqual(['0 peers', '1 peer', '2 peers']);
  expect([[], ['a'], ['a', 'b'], ['a', 'b', 'c']].map((list) => joinWords(list))).toEqual([
    '',
    'a',
    'a and b',
    'a, b and c',
  ]);
  expect(shortPeerId('12D3KooWB8dF1hZk4uXn2vQw9rTy6pLs3mAe7cGj5oRiNtUx4fWd')).toBe('…Ux4fWd');
  expect(shortPeerId('tab-1')).toBe('tab-1');
});
