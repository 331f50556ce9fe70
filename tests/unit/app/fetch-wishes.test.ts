// @vitest-environment node
import { beforeEach, expect, it, vi } from 'vitest';
import { FetchWishes } from '../../../src/app/fetch-wishes.ts';

let items: Map<string, string>;
let stored: EventTarget;
beforeEach(() => {
  items = new Map();
  stored = new EventTarget();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => items.set(key, value),
  });
  vi.stubGlobal('addEventListener', stored.addEventListener.bind(stored));
});

it('keeps what is wanted for the next page, and forgets what is as usual', () => {
  new FetchWishes().change('a', { paused: true });
  new FetchWishes().change('b', { priority: 'last' });
  const next = new FetchWishes();
  expect(next.of('a')).toEqual({ paused: true, priority: 'normal' });
  expect(next.of('b')).toEqual({ paused: false, priority: 'last' });
  expect(next.of('c')).toEqual({ paused: false, priority: 'normal' });
  next.change('a', { paused: false });
  expect([...items.values()]).toEqual([JSON.stringify({ b: { paused: false, priority: 'last' } })]);
});

it('takes over what another tab of the browser has changed', () => {
  const here = new FetchWishes();
  const heard = vi.fn();
  here.follow(heard);
  new FetchWishes().change('a', { paused: true });
  expect(here.of('a').paused).toBe(false);
  stored.dispatchEvent(Object.assign(new Event('storage'), { key: 'something else' }));
  expect(heard).not.toHaveBeenCalled();
  stored.dispatchEvent(Object.assign(new Event('storage'), { key: 'shoal-fetching' }));
  expect(heard).toHaveBeenCalledOnce();
  expect(here.of('a').paused).toBe(true);
});

it('passes over what is no wish', () => {
  items.set('shoal-fetching', '{"a":{"paused":"yes","priority":"now"},"b":3}');
  expect(new FetchWishes().of('a')).toEqual({ paused: false, priority: 'normal' });
});
