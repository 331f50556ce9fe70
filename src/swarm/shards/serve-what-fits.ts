import { ShoalError } from '../../core/errors.ts';
import type { Manifest } from '../../protocol/manifest.ts';
import type { ShardStore } from '../../store/shard-store.ts';
import type { ShardKeeper } from './shard-keeper.ts';

export interface ServeParts {
  readonly manifest: Manifest;
  readonly keeper: ShardKeeper;
  readonly store: ShardStore;
  /** Told of shards that this browser has no room for: before anything is fetched, or when it promised too much. */
  readonly onShortage: (shortage: Shortage) => void;
}

/** Shards without room. */
export interface Shortage {
  readonly shards: readonly number[];
  /** What all that were chosen need, or these alone where the browser promised too much. */
  readonly neededBytes: number;
  /** As the browser says; undefined where it promised too much. */
  readonly freeBytes: number | undefined;
}

export interface ServeReport {
  readonly served: readonly number[];
  /** Shards that failed for another reason than room, with the reason. */
  readonly failed: readonly { readonly index: number; readonly error: ShoalError }[];
  readonly withoutRoom: readonly number[];
}

/** What one shard still needs, and has in the storage. */
interface Need {
  readonly index: number;
  readonly missingBytes: number;
  readonly storedBytes: number;
}

/**
 * Serves shards, as many as this browser has room for: their needs are summed before anything is fetched. Where the
 * browser promised too much, the one that lacks most gives its room to the others.
 */
export async function serveWhatFits(parts: ServeParts, chosen: readonly number[]): Promise<ServeReport> {
  const { manifest, keeper, store, onShortage } = parts;
  const needs = await Promise.all(chosen.map((index) => needOf(parts, index)));
  const neededBytes = needs.reduce((sum, { missingBytes }) => sum + missingBytes, 0);
  const freeBytes = neededBytes > 0 ? await store.freeBytes() : Number.POSITIVE_INFINITY;
  const served: number[] = [];
  const failed: { index: number; error: ShoalError }[] = [];
  let trying = fitting(needs, freeBytes);
  const withoutRoom = chosen.filter((index) => !trying.includes(index));
  if (withoutRoom.length > 0) onShortage({ shards: withoutRoom, neededBytes, freeBytes });
  // What is left of earlier tries makes room.
  for (const index of withoutRoom) await store.discardPart(manifest.shards[index]!);
  while (trying.length > 0) {
    const full: number[] = [];
    await Promise.all(
      trying.map(async (index) => {
        try {
          await keeper.serve(index);
          served.push(index);
        } catch (thrown) {
          const error = ShoalError.from(thrown);
          if (error.code === 'storage-full') full.push(index);
          else failed.push({ index, error });
        }
      }),
    );
    const lacking = (await Promise.all(full.map((index) => needOf(parts, index)))).sort(
      (a, b) => a.missingBytes - b.missingBytes,
    );
    const last = lacking.pop();
    if (last) {
      await store.discardPart(manifest.shards[last.index]!);
      withoutRoom.push(last.index);
      onShortage({ shards: [last.index], neededBytes: last.missingBytes, freeBytes: undefined });
    }
    trying = lacking.map(({ index }) => index);
  }
  return { served, failed, withoutRoom };
}

async function needOf({ manifest, store }: ServeParts, index: number): Promise<Need> {
  const shard = manifest.shards[index]!;
  const missingBytes = await store.missingBytes(shard);
  return { index, missingBytes, storedBytes: shard.sizeBytes - missingBytes };
}

/** The most shards that fit when the stored parts of the others are deleted. */
function fitting(needs: readonly Need[], freeBytes: number): number[] {
  const byNeed = [...needs].sort((a, b) => a.missingBytes - b.missingBytes);
  for (let count = byNeed.length; count > 0; count--) {
    const needed = byNeed.slice(0, count).reduce((sum, { missingBytes }) => sum + missingBytes, 0);
    const left = byNeed.slice(count).reduce((sum, { storedBytes }) => sum + storedBytes, 0);
    if (needed <= freeBytes + left) return byNeed.slice(0, count).map(({ index }) => index);
  }
  return [];
}
