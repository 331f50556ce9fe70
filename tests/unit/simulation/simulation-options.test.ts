import { expect, test } from 'vitest';
import { deviceSequence, layoutOf } from '../../../src/simulation/devices.ts';
import { MAX_DEVICES, readSimulation } from '../../../src/simulation/simulation-options.ts';

const DEFAULTS = {
  devices: 5,
  joinsEveryS: undefined,
  leavesEveryS: undefined,
  lossPercent: 0,
  liars: 0,
  seed: 1,
};

test('an address that says nothing more means five honest devices that stay', () => {
  for (const search of ['?simulate', '?simulate=', '?simulate=5', '?simulate=&loss='])
    expect(readSimulation(search)).toEqual({ options: DEFAULTS, wrong: [] });
});

test('everything can be said, up to its bounds', () => {
  expect(readSimulation('?simulate=12&joins=20&leaves=30&loss=5&liar=1&seed=4294967295')).toEqual({
    options: { devices: 12, joinsEveryS: 20, leavesEveryS: 30, lossPercent: 5, liars: 1, seed: 4_294_967_295 },
    wrong: [],
  });
  expect(readSimulation(`?simulate=${MAX_DEVICES}&joins=2&leaves=3600&loss=30`).wrong).toEqual([]);
});

test.each([
  ['simulate=0', 1, MAX_DEVICES, 5],
  ['simulate=25', 1, MAX_DEVICES, 5],
  ['simulate=five', 1, MAX_DEVICES, 5],
  ['simulate=4.5', 1, MAX_DEVICES, 5],
  ['simulate=-3', 1, MAX_DEVICES, 5],
  ['joins=1', 2, 3600, undefined],
  ['leaves=1e9', 2, 3600, undefined],
  ['loss=31', 0, 30, 0],
  ['liar=2', 0, 1, 0],
  ['seed=4294967296', 0, 4_294_967_295, 1],
])('%s is said to be wrong, and something else is used', (parameter, least, most, used) => {
  const [name, given] = parameter.split('=') as [string, string];
  const { options, wrong } = readSimulation(`?simulate&${parameter}`.replace('simulate&simulate', 'simulate'));
  expect(wrong).toEqual([{ name, given, least, most, used }]);
  expect(options).toEqual(DEFAULTS);
});

test('a liar needs enough others who find it, and what is said wrong is shown shortened', () => {
  const [few] = readSimulation('?simulate=3&liar=1').wrong;
  expect(few).toMatchObject({ name: 'liar', least: 0, most: 0, used: 0 });
  expect(readSimulation('?simulate=4&liar=1').wrong).toEqual([]);
  expect(readSimulation(`?simulate=${'9'.repeat(500)}`).wrong[0]!.given).toHaveLength(20);
});

test('devices are the same for the same seed, each with a name of its own', () => {
  const first = (seed: number) => {
    const devices = deviceSequence(seed);
    return Array.from({ length: MAX_DEVICES }, () => devices.next().value);
  };
  expect(first(7)).toEqual(first(7));
  expect(first(7).map(({ layersPerSecond }) => layersPerSecond)).not.toEqual(
    first(8).map(({ layersPerSecond }) => layersPerSecond),
  );
  expect(new Set(first(7).map(({ name }) => name)).size).toBe(MAX_DEVICES);
});

test.each([
  [1, 0],
  [2, 0],
  [5, 0],
  [24, 0],
  [4, 1],
  [5, 1],
  [24, 1],
])('%i devices with %i liars have all shards, and two others have what a liar has', (devices, liars) => {
  const { shards, holdings, liar } = layoutOf(devices, liars);
  expect(holdings).toHaveLength(devices);
  expect(new Set(holdings)).toEqual(new Set(Array.from({ length: shards }, (_, index) => index)));
  if (liars === 0) expect(liar).toBeUndefined();
  else expect(holdings.filter((shard) => shard === holdings[liar!]).length).toBeGreaterThanOrEqual(3);
});
