import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSeed } from '../../src/store/web-seed.ts';
import { FakeTorrent, SEED } from '../support/fake-torrent.ts';

let fake: FakeTorrent;
beforeEach(() => {
  fake = new FakeTorrent();
});

describe('the web seed', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  async function ready(banned = new Set<string>()): Promise<WebSeed> {
    const seed = new WebSeed(fake.torrent, SEED, banned);
    fake.emit('ready');
    await Promise.resolve();
    return seed;
  }

  it('is let alone after four failures in a row, and asked again half a minute later', async () => {
    await ready();
    const [wire] = fake.wires;
    for (const failed of [true, true, true, false, true, true, true]) {
      if (failed) wire!.lt_donthave.emit('donthave', 0);
      else wire!.emit('piece', 0, 0, new Uint8Array(1));
    }
    expect(fake.removed).toEqual([]);
    wire!.lt_donthave.emit('donthave', 0);
    expect(fake.removed).toEqual([SEED]);
    vi.advanceTimersByTime(29_000);
    expect(fake.seeds).toBe(1);
    vi.advanceTimersByTime(2000);
    expect(fake.seeds).toBe(2);
  });

  it('is asked at once when somebody says that the server is back, and once only', async () => {
    const seed = await ready();
    fake.wires[0]!.destroy();
    seed.connect();
    seed.connect();
    vi.advanceTimersByTime(60_000);
    expect(fake.seeds).toBe(2);
  });

  it('is not asked when nothing is missing, when it is banned, or after the end', async () => {
    await ready(new Set([SEED]));
    expect(fake.seeds).toBe(0);
    const seed = await ready();
    expect(fake.seeds).toBe(1);
    fake.wires[0]!.destroy();
    seed.close();
    vi.advanceTimersByTime(60_000);
    expect(fake.seeds).toBe(1);
    fake.done = true;
    seed.connect();
    expect(fake.seeds).toBe(1);
  });
});
