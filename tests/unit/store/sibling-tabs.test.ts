import { afterEach, describe, expect, it, vi } from 'vitest';
import { SiblingTabs } from '../../../src/store/idb/sibling-tabs.ts';

const HASH = 'a'.repeat(40);

const tabs: SiblingTabs[] = [];
function openTab(): SiblingTabs {
  const tab = new SiblingTabs('test-siblings');
  tabs.push(tab);
  return tab;
}

afterEach(() => {
  for (const tab of tabs.splice(0)) tab.close();
});

/** A job that runs until it is told to end. */
function job() {
  const { promise, resolve } = Promise.withResolvers<string>();
  const run = vi.fn(() => promise);
  return { run, end: resolve };
}

function options(change: { enough?: () => Promise<boolean>; patienceMs?: number; signal?: AbortSignal } = {}) {
  return { signal: new AbortController().signal, enough: async () => false, patienceMs: undefined, ...change };
}

const soon = () => new Promise((resolve) => setTimeout(resolve, 50));

describe('tabs of one browser', () => {
  it('do a thing one after the other, and different things at the same time', async () => {
    const [a, b] = [openTab(), openTab()];
    const [first, second, other] = [job(), job(), job()];
    const firstDone = a.takeTurn(HASH, options(), first.run);
    const secondDone = b.takeTurn(HASH, options(), second.run);
    const otherDone = b.takeTurn('b'.repeat(40), options(), other.run);
    await soon();
    expect(first.run).toHaveBeenCalled();
    expect(other.run).toHaveBeenCalled();
    expect(second.run).not.toHaveBeenCalled();
    first.end('first');
    expect(await firstDone).toBe('first');
    await soon();
    expect(second.run).toHaveBeenCalled();
    second.end('second');
    other.end('other');
    expect(await secondDone).toBe('second');
    expect(await otherDone).toBe('other');
  });

  it('wait no longer than for what they want, also where another job of the same tab brings it', async () => {
    const [a, b] = [openTab(), openTab()];
    const long = job();
    const longDone = a.takeTurn(HASH, options(), long.run);
    await soon();
    let stored = 0;
    const enough = async () => stored >= 10;
    const waits = [a, b].map((tab) => tab.takeTurn(HASH, options({ enough }), async () => `had ${stored}`));
    stored = 5;
    a.tell({ kind: 'progress', infoHash: HASH, storedBytes: 5 });
    await soon();
    stored = 10;
    a.tell({ kind: 'progress', infoHash: HASH, storedBytes: 10 });
    expect(await Promise.all(waits)).toEqual(['had 10', 'had 10']);
    long.end('done');
    await longDone;
  });

  it('go on beside one that says nothing, and wait as long as it says something', async () => {
    const [a, b] = [openTab(), openTab()];
    const stuck = job();
    void a.takeTurn(HASH, options(), stuck.run);
    await soon();
    const run = vi.fn(async () => 'beside');
    const done = b.takeTurn(HASH, options({ patienceMs: 200 }), run);
    for (let count = 0; count < 4; count++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      a.tell({ kind: 'progress', infoHash: HASH, storedBytes: count });
    }
    expect(run).not.toHaveBeenCalled();
    expect(await done).toBe('beside');
    stuck.end('');
  });

  it('can give the wait up', async () => {
    const [a, b] = [openTab(), openTab()];
    const long = job();
    const longDone = a.takeTurn(HASH, options(), long.run);
    const run = vi.fn(async () => 'never');
    const controller = new AbortController();
    const done = b.takeTurn(HASH, options({ signal: controller.signal }), run);
    controller.abort();
    await expect(done).rejects.toMatchObject({ code: 'aborted' });
    expect(run).not.toHaveBeenCalled();
    long.end('');
    await longDone;
  });

  it('pass on what a job throws', async () => {
    const failing = openTab().takeTurn(HASH, options(), async () => {
      throw new Error('no room');
    });
    await expect(failing).rejects.toThrow('no room');
  });

  it('leave alone what another one works on', async () => {
    const [a, b] = [openTab(), openTab()];
    const long = job();
    const longDone = a.takeTurn(HASH, options(), long.run);
    await soon();
    const clean = vi.fn(async () => undefined);
    await b.ifIdle(HASH, clean);
    expect(clean).not.toHaveBeenCalled();
    long.end('');
    await longDone;
    await b.ifIdle(HASH, clean);
    expect(clean).toHaveBeenCalled();
  });

  it('hear of the shard that they listen for, and nothing of their own', async () => {
    const [a, b] = [openTab(), openTab()];
    const [heardByA, heardByB] = [vi.fn(), vi.fn()];
    a.on(HASH, heardByA);
    b.on(HASH, heardByB);
    a.tell({ kind: 'removed', infoHash: HASH });
    a.tell({ kind: 'removed', infoHash: 'c'.repeat(40) });
    await soon();
    expect(heardByB).toHaveBeenCalledExactlyOnceWith({ kind: 'removed', infoHash: HASH });
    expect(heardByA).not.toHaveBeenCalled();
  });
});
