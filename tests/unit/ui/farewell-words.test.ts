import { expect, it } from 'vitest';
import { farewellWords } from '../../../src/ui/farewell-words.ts';

const sole = { shards: [2, 3], copiedShare: 0.229, answers: 1, waiting: false };

it('says what stops, and how much of it others have', () => {
  expect(farewellWords(sole)).toEqual({
    text: 'Only this tab has shards 2 and 3: 1 answer will stop.',
    wait: 'Wait until they are copied (22 %)',
  });
  expect(farewellWords({ ...sole, shards: [2], answers: 0 })).toEqual({
    text: 'Only this tab has shard 2: nobody gets answers until somebody has it again.',
    wait: 'Wait until it is copied (22 %)',
  });
});

it('offers no wait where there is nothing to wait for', () => {
  expect(farewellWords({ ...sole, copiedShare: 1 })).toEqual({
    text: 'Only this tab runs shards 2 and 3. Another has a copy, and loads them when somebody asks.',
    wait: undefined,
  });
  expect(farewellWords({ ...sole, waiting: true }).text).toContain('(22 %). This tab leaves when that is done.');
  expect(farewellWords({ ...sole, shards: [] }).wait).toBeUndefined();
});
