import { expect, test } from 'vitest';
import { shardRows } from '../../../src/app/shard-rows.ts';
import type { Manifest } from '../../../src/protocol/manifest.ts';
import { NO_WISH, type Transfer } from '../../../src/store/shard-store.ts';
import type { ShardKeeper } from '../../../src/swarm/shards/shard-keeper.ts';
import { sourceFacts } from '../../../src/ui/source-words.ts';

const manifest = { shards: [{ index: 0, infoHash: 'a', sizeBytes: 100 }] } as unknown as Manifest;

/** What the page says of a shard with this transfer. */
function said(transfer: Partial<Transfer>, state = 'downloading'): string[] {
  const status = () => ({ phase: state, loadedBytes: 0, error: undefined });
  const keeper = { status, wish: () => NO_WISH } as unknown as ShardKeeper;
  const whole = {
    infoHash: 'a',
    storedBytes: 0,
    receivedBytes: 0,
    serverBytes: 0,
    siblingFetches: false,
    traffic: [],
    ...transfer,
  };
  return sourceFacts(shardRows(manifest, keeper, [whole as Transfer], [])[0]!);
}

test('the source of a shard is the one that its bytes were seen to come from', () => {
  expect(said({})).toEqual(['no source yet']);
  expect(said({ receivedBytes: 40, serverBytes: 40, storedBytes: 30 })).toEqual(['from the server']);
  expect(said({ receivedBytes: 40, storedBytes: 30 })).toEqual(['from other tabs']);
  expect(said({ receivedBytes: 40, serverBytes: 10, storedBytes: 30 })).toEqual(['from other tabs and the server']);
});

test('a hub is a source by its name, and no tab', () => {
  const hub = { host: 'huggingface.co', bytes: 40, state: 'fetching', trouble: undefined } as const;
  expect(said({ receivedBytes: 40, storedBytes: 30, hub })).toEqual(['from huggingface.co']);
  expect(said({ receivedBytes: 90, serverBytes: 10, storedBytes: 80, hub })).toEqual([
    'from other tabs, the server and huggingface.co',
  ]);
  expect(said({ receivedBytes: 40, storedBytes: 30, hub: { ...hub, bytes: 0, state: 'idle' } })).toEqual([
    'from other tabs',
  ]);
});

test('what was here before is from the storage, what a sibling fetches from a sibling', () => {
  expect(said({ receivedBytes: 40, storedBytes: 90 })).toEqual(["from other tabs and this browser's storage"]);
  expect(said({ storedBytes: 100 }, 'loading')).toEqual(["from this browser's storage"]);
  expect(said({ storedBytes: 50, siblingFetches: true })).toEqual(['fetched by another tab of this browser']);
  expect(said({}, 'verifying')).toEqual([]);
});
