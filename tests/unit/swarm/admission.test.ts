import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ShoalError } from '../../../src/core/errors.ts';
import { Admission } from '../../../src/swarm/stage/admission.ts';

/** The place that it is told; 0 when it is let in. */
function placeOf(admission: Admission, name: string, all: number, own = 0, nowMs = 0, opening = 0): number {
  try {
    admission.enter({ coordinator: name[0]!, name, opening }, { all, own }, nowMs);
    return 0;
  } catch (error) {
    if (!(error instanceof ShoalError && error.code === 'busy' && error.queue)) throw error;
    return error.queue.place;
  }
}

it('lets in whoever has waited longest, whatever the order in which they ask again', () => {
  const admission = new Admission({ sessions: 2 });
  expect(['a', 'b', 'c'].map((name) => placeOf(admission, name, 2))).toEqual([1, 2, 3]);
  // One place is free: the others are asked to wait on, also one that asks for the first time.
  expect(['new', 'c', 'b'].map((name) => placeOf(admission, name, 1))).toEqual([3, 2, 1]);
  expect(placeOf(admission, 'a', 1)).toBe(0);
  expect(placeOf(admission, 'b', 2)).toBe(1);
});

it('forgets who has not asked for a while, or says that it has gone elsewhere', () => {
  const admission = new Admission({ sessions: 1 });
  expect(placeOf(admission, 'a x.', 1, 0, 0)).toBe(1);
  expect(placeOf(admission, 'b', 1, 0, 4000)).toBe(2);
  expect(placeOf(admission, 'b', 1, 0, 6000)).toBe(1);
  expect(placeOf(admission, 'a x.', 1, 0, 6000)).toBe(2);
  admission.leave('b');
  expect(placeOf(admission, 'a x.', 1, 0, 6000)).toBe(1);
  admission.leave('a ');
  expect(placeOf(admission, 'c', 0, 0, 6000)).toBe(0);
});

it('lets a later opening wait on when an earlier one goes', () => {
  const admission = new Admission({ sessions: 1 });
  const ask = (name: string, opening: number) => placeOf(admission, name, 1, 0, 0, opening);
  expect([ask('a x.', 1), ask('b', 1), ask('a x.', 3)]).toEqual([1, 2, 1]);
  admission.leave('a x.', 2);
  admission.leave('a ', 2);
  expect(ask('b', 2)).toBe(2);
  admission.leave('a ', 3);
  expect(ask('b', 2)).toBe(1);
});

it('has a coordinator wait for its own sessions without standing in the way of others', () => {
  const admission = new Admission({ sessions: 10, sessionsPerPeer: 2 });
  expect(placeOf(admission, 'greedy', 2, 2)).toBe(1);
  expect(placeOf(admission, 'other', 9, 0)).toBe(0);
  // Nor by many that wait.
  expect(['m1', 'm2', 'm3', 'm4', 'other'].map((name) => placeOf(admission, name, 10))).toEqual([1, 2, 1, 1, 3]);
  expect(placeOf(admission, 'm2', 10)).toBe(2);
});

it('estimates the time by how long sessions use their places', () => {
  const admission = new Admission({ sessions: 4 });
  for (let index = 0; index < 100; index++) admission.released(2000);
  for (const [place, name] of ['a', 'b', 'c', 'd'].entries()) {
    const seconds = ((place + 1) * 2) / 4;
    expect(() => admission.enter({ coordinator: name, name, opening: 0 }, { all: 4, own: 0 }, 0)).toThrow(
      expect.objectContaining({ queue: { place: place + 1, seconds: expect.closeTo(seconds, 1) } }),
    );
  }
});

it('lets everybody in after those who came before, however places come and go', () => {
  const asks = fc.array(fc.record({ name: fc.nat(9), taken: fc.nat(3) }), { maxLength: 60 });
  const property = fc.property(asks, (events) => {
    const admission = new Admission({ sessions: 3 });
    const waiting: number[] = [];
    for (const { name, taken } of events) {
      if (!waiting.includes(name)) waiting.push(name);
      const before = waiting.indexOf(name);
      const place = placeOf(admission, `${name}.`, taken);
      expect(place).toBe(Math.max(0, before + 1 - (3 - taken)));
      if (place === 0) waiting.splice(before, 1);
    }
  });
  fc.assert(property);
});
