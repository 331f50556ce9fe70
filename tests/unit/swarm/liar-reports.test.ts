import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { LiarReports } from '../../../src/swarm/coordinator/liar-reports.ts';

const send = vi.fn(async () => ({}) as never);
let reports: LiarReports;
beforeEach(() => {
  vi.useFakeTimers();
  send.mockClear();
  reports = new LiarReports({ peerId: 'own', commands: () => ({ send }), neighbours: () => NEIGHBOURS });
});
afterEach(() => vi.useRealTimers());

const NEIGHBOURS = Array.from({ length: 100 }, (_, index) => `neighbour-${index}`);

/** Checks that are owed of these peers. */
function owed(peerIds: readonly string[]): number {
  let count = 0;
  for (const peerId of peerIds) while (reports.take(peerId)) count++;
  return count;
}

it('a report is good for three checks, and two of a reporter are heeded in ten minutes', () => {
  reports.hear('reporter', 'a');
  expect(owed(['a', 'b'])).toBe(3);
  for (const reported of ['a', 'b', 'c', 'd']) reports.hear('reporter', reported);
  expect(owed(['a', 'b', 'c', 'd'])).toBe(3);
  vi.advanceTimersByTime(10 * 60_000);
  reports.hear('reporter', 'c');
  expect(owed(['c'])).toBe(3);
});

it('a thousand reporters cause 48 checks in ten minutes', () => {
  const reported = Array.from({ length: 1000 }, (_, index) => `peer-${index}`);
  for (const peerId of reported) reports.hear(`reporter of ${peerId}`, peerId);
  expect(owed(reported)).toBe(48);
});

it('reports of names that nobody meets are forgotten in time', () => {
  for (let count = 0; count < 200; count++) {
    reports.hear(`reporter-${count}`, `peer-${count}`);
    vi.advanceTimersByTime(60_000);
  }
  expect(owed(['peer-0', 'peer-135'])).toBe(0);
  expect(owed(['peer-136', 'peer-199'])).toBe(6);
});

it('nobody is to check this tab itself, nor a reporter for its own word', () => {
  reports.hear('reporter', 'own');
  reports.hear('reporter', 'reporter');
  expect(owed(['own', 'reporter'])).toBe(0);
});

it('a liar is told of to a few of those who are connected, not to the liar', () => {
  reports.tell('neighbour-3');
  expect(send).toHaveBeenCalledTimes(32);
  expect(send).toHaveBeenCalledWith('neighbour-4', 'REPORT_LIAR', { peer_id: 'neighbour-3' });
  expect(send).not.toHaveBeenCalledWith('neighbour-3', expect.anything(), expect.anything());
});
