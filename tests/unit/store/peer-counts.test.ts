import { expect, it } from 'vitest';
import { PeerCounts } from '../../../src/store/torrent/peer-counts.ts';
import { FakeTorrent } from '../../support/fake-torrent.ts';

const block = (bytes: number) => new Uint8Array(bytes);

it('counts what came from and went to each tab, over all exchanges', () => {
  const counts = new PeerCounts();
  const fake = new FakeTorrent();
  counts.watch(fake.torrent);
  const one = fake.connect('one');
  const two = fake.connect('two');
  fake.connect('idle');
  one.emit('piece', 0, 0, block(100));
  one.emit('upload', 7);
  two.emit('upload', 900);
  expect(counts.list()).toEqual([
    { exchangeId: 'two', receivedBytes: 0, sentBytes: 900, connected: true },
    { exchangeId: 'one', receivedBytes: 100, sentBytes: 7, connected: true },
    { exchangeId: 'idle', receivedBytes: 0, sentBytes: 0, connected: true },
  ]);
  for (const wire of [...fake.wires]) wire.destroy();
  const next = new FakeTorrent();
  counts.watch(next.torrent);
  next.connect('one').emit('piece', 1, 0, block(50));
  expect(counts.list()).toEqual([
    { exchangeId: 'two', receivedBytes: 0, sentBytes: 900, connected: false },
    { exchangeId: 'one', receivedBytes: 150, sentBytes: 7, connected: true },
  ]);
});

it('keeps a bounded number of them, those with the fewest bytes go first', () => {
  const counts = new PeerCounts();
  const fake = new FakeTorrent();
  counts.watch(fake.torrent);
  for (let at = 0; at < 100; at++) {
    const wire = fake.connect(`peer ${at}`);
    wire.emit('upload', 1000 - at);
    wire.destroy();
  }
  const list = counts.list();
  expect(list).toHaveLength(64);
  expect(list[0]).toMatchObject({ exchangeId: 'peer 0', sentBytes: 1000 });
  expect(list.at(-1)).toMatchObject({ exchangeId: 'peer 99' });
});
