import { describe, expect, it, vi } from 'vitest';
import { Lazy } from '../../../src/core/lazy.ts';

describe('Lazy', () => {
  it('makes what is asked for once, when it is first asked for', async () => {
    const make = vi.fn(async () => ({}));
    const lazy = new Lazy(make);
    expect(make).not.toHaveBeenCalled();
    expect(lazy.begun).toBeUndefined();
    const [first, second] = await Promise.all([lazy.get(), lazy.get()]);
    expect(second).toBe(first);
    expect(await lazy.get()).toBe(first);
    expect(await lazy.begun).toBe(first);
    expect(make).toHaveBeenCalledTimes(1);
  });

  it('makes what has failed anew for whoever asks next, and fails for all who waited', async () => {
    let works = false;
    const make = vi.fn(async () => {
      if (!works) throw new Error('it did not come');
      return 'there';
    });
    const lazy = new Lazy(make);
    const waited = await Promise.allSettled([lazy.get(), lazy.get()]);
    expect(waited.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(make).toHaveBeenCalledTimes(1);
    expect(lazy.begun).toBeUndefined();
    works = true;
    expect(await lazy.get()).toBe('there');
  });

  it('makes anew what it was told to forget, and a late failure of the old does not touch the new', async () => {
    const old = Promise.withResolvers<string>();
    const made = [old.promise, Promise.resolve('new')];
    const lazy = new Lazy(() => made.shift()!);
    const waiting = lazy.get();
    lazy.forget();
    expect(await lazy.get()).toBe('new');
    old.reject(new Error('too late'));
    await expect(waiting).rejects.toThrow('too late');
    expect(await lazy.get()).toBe('new');
  });
});
