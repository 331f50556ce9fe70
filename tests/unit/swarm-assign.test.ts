import { describe, expect, it } from 'vitest';
import { countHolders, leastCovered, rarestFirst } from '../../src/swarm/assign.ts';

describe('assignment', () => {
  it('gives the first tabs a shard each', () => {
    const members: { ready: number[]; pending: number[] }[] = [];
    for (let tab = 0; tab < 8; tab++) members.push({ ready: [], pending: [leastCovered(4, members)] });
    expect(members.map(({ pending }) => pending[0])).toEqual([0, 1, 2, 3, 0, 1, 2, 3]);
  });

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
