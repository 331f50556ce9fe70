import type { Manifest } from '../protocol/manifest.ts';
import type { Transfer } from '../store/shard-store.ts';
import { type Coverage, countHolders } from '../swarm/assign/assign.ts';
import type { ShardKeeper } from '../swarm/shards/shard-keeper.ts';
import type { ShardRow, ShardSource } from './app-model.ts';
import type { ExchangeNames } from './exchange-names.ts';

/** The shards as the page lists them: the keeper's states, the store's transfers, the swarm's holders in one. */
export function shardRows(
  manifest: Manifest,
  keeper: ShardKeeper,
  transfers: readonly Transfer[],
  members: Iterable<Coverage>,
  ownerOf: ExchangeNames['ownerOf'] = () => undefined,
): ShardRow[] {
  const holders = countHolders(manifest.shards.length, members).ready;
  return manifest.shards.map(({ index, fileName, layers, hasEmbedding, hasOutput, infoHash, sizeBytes }) => {
    const { phase, loadedBytes, error, errorCode } = keeper.status(index);
    const transfer = transfers.find((other) => other.infoHash === infoHash);
    return {
      index,
      fileName,
      layers,
      hasEmbedding,
      hasOutput,
      state: phase,
      error,
      errorCode,
      storedBytes: transfer?.storedBytes ?? 0,
      totalBytes: sizeBytes,
      downBytesPerSecond: transfer?.downBytesPerSecond ?? 0,
      upBytesPerSecond: transfer?.upBytesPerSecond ?? 0,
      sources: transfer ? sourcesOf(transfer) : [],
      sentBytes: transfer?.sentBytes ?? 0,
      receivedBytes: transfer?.receivedBytes ?? 0,
      serverBytes: transfer?.serverBytes ?? 0,
      hub: transfer?.hub,
      peers: transfer?.peers ?? 0,
      traffic: (transfer?.traffic ?? []).map(({ exchangeId, ...bytes }) => ({ peerId: ownerOf(exchangeId), ...bytes })),
      pieces: transfer?.pieces,
      wish: keeper.wish(index),
      waits: transfer?.waits ?? false,
      copiedShare: transfer?.copiedShare ?? 0,
      secondsLeft: transfer?.secondsLeft,
      verified: transfer?.verified ?? false,
      seeding: transfer?.phase === 'seeding',
      loadedBytes,
      holders: holders[index] ?? 0,
    };
  });
}

/** Where the bytes that are here have come from, and those that come. */
function sourcesOf({ storedBytes, receivedBytes, serverBytes, hub, siblingFetches }: Transfer): ShardSource[] {
  if (siblingFetches) return ['sibling'];
  const sources: ShardSource[] = [];
  const hubBytes = hub?.bytes ?? 0;
  if (receivedBytes > serverBytes + hubBytes) sources.push('tabs');
  if (serverBytes > 0) sources.push('server');
  if (hubBytes > 0) sources.push('hub');
  // Only pieces that crossed the network whole are stored: what is more than that was here before.
  if (storedBytes > receivedBytes) sources.push('storage');
  return sources;
}
