import { beforeEach, describe, expect, it } from 'vitest';
import { limitPeers, wantedPeers } from '../../../src/store/torrent/peer-limit.ts';
import { FakeTorrent } from '../../support/fake-torrent.ts';

let fake: FakeTorrent;
beforeEach(() => {
  fake = new FakeTorrent();
});

describe('the peer limit', () => {
  it('takes no more than twelve peers, and others when one is gone', async () => {
    limitPeers(fake.torrent);
    for (let peer = 0; peer < 12; peer++) {
      expect(fake.paused).toBe(false);
      fake.connect(`peer ${peer}`);
    }
    expect(fake.paused).toBe(true);
    expect(wantedPeers(fake.torrent, false)).toBe(0);
    fake.wires[3]!.destroy();
    await Promise.resolve();
    expect(fake.paused).toBe(false);
    expect(wantedPeers(fake.torrent, false)).toBe(5);
  });

  it('parts with complete peers when there is nothing left to exchange', () => {
    limitPeers(fake.torrent);
    const [complete, partial] = [fake.connect('complete'), fake.connect('partial')];
    complete.has = new Set([0, 1, 2]);
    complete.emit('bitfield');
    partial.has = new Set([0, 1]);
    expect(complete.destroyed).toBe(false);
    fake.done = true;
    fake.emit('done');
    expect([complete.destroyed, partial.destroyed]).toEqual([true, false]);
    expect(wantedPeers(fake.torrent, true)).toBe(2);
    partial.emit('have', 0);
    expect(partial.destroyed).toBe(false);
    partial.has.add(2);
    partial.emit('have', 2);
    expect(partial.destroyed).toBe(true);
  });
});
