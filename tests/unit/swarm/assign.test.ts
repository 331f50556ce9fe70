import { describe, expect, it } from 'vitest';
import { countHolders, rarestFirst } from '../../../src/swarm/assign/assign.ts';

describe('assignment', () => {
  it('counts promises, and a shard once a member', () => {
    expect(
      countHolders(3, [
        { ready: [0, 1], pending: [1] },
        { ready: [], pending: [2, 7] },
      ]),
    ).toEqual({ ready: [1, 1, 0], expected: [1, 1, 1] });
    expect(
      rarestFirst(3, [
        { ready: [0], pending: [] },
        { ready: [1], pending: [0] },
      ]),
    ).toEqual([2, 1, 0]);
  });
});
