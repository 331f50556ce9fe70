import { describe, expect, it } from 'vitest';
import { MAX_STATES, SessionStates } from '../../../src/engine/session-states.ts';

/** Runs tasks of these lengths; each state's slot is the number of its task. @returns slots that came free */
function run(states: SessionStates, lengths: readonly number[], from = { position: 0, task: 0 }): number[] {
  const freed: number[] = [];
  for (const tokens of lengths) {
    from.position += tokens;
    states.next = from.task++;
    freed.push(...states.advance(from.position, tokens));
  }
  return freed;
}

describe('a session’s states', () => {
  it('begin with the empty one', () => {
    const states = new SessionStates();
    expect(states.current).toBeUndefined();
    expect(states.goBack(0)).toEqual({ position: 0, freed: [] });
  });

  it('are a few: the last two, and the ends of pieces of prompts before them', () => {
    const states = new SessionStates();
    const freed = run(states, [30, 10, 1, 1, 1, 1, 1, 1]);
    expect(states.slots).toEqual([0, 1, 6, 7]);
    expect(freed).toEqual([2, 3, 4, 5]);
    expect(states.slots.length).toBe(MAX_STATES);
  });

  it('forget the oldest piece of a long prompt first', () => {
    const states = new SessionStates();
    expect(run(states, [8, 8, 8, 8, 8, 8])).toEqual([0, 1]);
    expect(run(states, [1, 1, 1], { position: 48, task: 6 })).toEqual([2, 3, 6]);
    expect(states.slots).toEqual([4, 5, 7, 8]);
  });

  it.each([
    [46, 46, 7, []],
    [45, 45, 6, [7]],
    [44, 40, 1, [6, 7]],
    [40, 40, 1, [6, 7]],
    [39, 30, 0, [1, 6, 7]],
    [29, 0, undefined, [0, 1, 6, 7]],
  ])('go back to %i tokens, or the last before it that is kept: %i', (wanted, position, current, freed) => {
    const states = new SessionStates();
    run(states, [30, 10, 1, 1, 1, 1, 1, 1]);
    expect(states.goBack(wanted)).toEqual({ position, freed });
    expect(states.current).toBe(current);
  });

  it('count room for the next among their slots', () => {
    const states = new SessionStates();
    run(states, [4]);
    states.next = 9;
    expect(states.slots).toEqual([0, 9]);
  });
});
