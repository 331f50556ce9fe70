import { expect, test } from 'vitest';
import type { Forecast } from '../../../src/app/app-model.ts';
import { joinWordsOf } from '../../../src/ui/forecast-words.ts';

const told = (change: Partial<Forecast>): Forecast => ({
  ...{ devices: 1, deviceBytes: 132_400_000, shortBytes: 0, tokensPerSecond: [40, 80] },
  ...{ promptTokensPerSecond: 900, downloadSeconds: 150 },
  ...change,
});

test('what joining would be like is said for now and for two more such devices', () => {
  const later = told({ devices: 3, deviceBytes: 53_800_000, tokensPerSecond: [20, 38], downloadSeconds: undefined });
  expect(joinWordsOf({ now: told({}), later, fewestDevices: 1 })).toEqual([
    'On this device alone: 40 to 80 tokens/s; it fetches 132 MB, in about 2 min 30 s.',
    'With two more such devices: 20 to 38 tokens/s; each fetches 53.8 MB.',
    'The other devices are taken to be like this one, in one room.',
  ]);
});

test('what is too large says by how much, and what would close it', () => {
  const now = told({ devices: 2, shortBytes: 2_000_000_000 });
  expect(
    joinWordsOf({ now, later: told({ devices: 4, shortBytes: 1_000_000 }), fewestDevices: 5 }).slice(0, 3),
  ).toEqual([
    'With the tabs that are here, 2 devices: too large, each is short of 2.0 GB.',
    '5 devices like this one hold it: share the link.',
    'With two more such devices: too large, each is short of 1.0 MB.',
  ]);
  expect(joinWordsOf({ now, later: undefined, fewestDevices: undefined })[1]).toContain('split it into more');
});

test('where every part is taken, more devices hold spare copies', () => {
  const lines = joinWordsOf({ now: told({ devices: 4 }), later: undefined, fewestDevices: 1 });
  expect(lines[1]).toBe('More devices would hold spare copies: no faster, but nobody waits when one goes.');
});
