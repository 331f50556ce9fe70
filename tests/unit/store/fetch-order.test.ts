import { describe, expect, it } from 'vitest';
import { type Fetch, FetchOrder } from '../../../src/store/fetch-order.ts';

const fetching = (infoHash: string, change: Partial<Fetch> = {}): Fetch => ({
  ...{ infoHash, paused: false, priority: 'normal', paced: false, storedBytes: 0 },
  ...change,
});
const waiting = (order: FetchOrder, fetches: readonly Fetch[], nowMs = 0) => [...order.waiting(fetches, nowMs)];

describe('shards that are fetched at the same time', () => {
  it('come together where nobody wants otherwise', () => {
    expect(waiting(new FetchOrder(), [fetching('a'), fetching('b')])).toEqual([]);
  });

  it('wait for those before them, and for nobody who is paused', () => {
    const order = new FetchOrder();
    const fetches = [fetching('a'), fetching('b', { priority: 'first' }), fetching('c', { priority: 'last' })];
    expect(waiting(order, fetches)).toEqual(['a', 'c']);
    const paused = fetches.map((fetch) => (fetch.infoHash === 'b' ? { ...fetch, paused: true } : fetch));
    expect(waiting(order, paused)).toEqual(['b', 'c']);
  });

  it('go before all that nobody waits for, whatever is wanted of that', () => {
    const paced = fetching('spread', { paced: true, priority: 'first' });
    expect(waiting(new FetchOrder(), [paced, fetching('own', { priority: 'last' })])).toEqual(['spread']);
  });

  it('do not wait for one that brings nothing, until it does', () => {
    const order = new FetchOrder();
    const first = fetching('a', { priority: 'first' });
    expect(waiting(order, [first, fetching('b')], 0)).toEqual(['b']);
    expect(waiting(order, [first, fetching('b')], 9_999)).toEqual(['b']);
    expect(waiting(order, [first, fetching('b')], 10_000)).toEqual([]);
    expect(waiting(order, [{ ...first, storedBytes: 1 }, fetching('b')], 11_000)).toEqual(['b']);
    // The other has its time when it is let through again.
    expect(waiting(order, [{ ...first, storedBytes: 1 }, fetching('b')], 21_000)).toEqual([]);
    expect(waiting(order, [fetching('b'), fetching('c', { priority: 'last' })], 22_000)).toEqual(['c']);
  });
});
