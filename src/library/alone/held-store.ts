import { ShoalError } from '../../core/errors.ts';
import type { ShardStore } from '../../store/shard-store.ts';
import type { HeldModel } from './held-model.ts';

/** A store of what lies in a file: all of it is there from the beginning, and nothing is exchanged. */
export function heldStore({ manifest, reader }: HeldModel): ShardStore {
  const listening = () => () => undefined;
  const nothing = () => undefined;
  return {
    exchangeId: '',
    isComplete: async () => true,
    missingBytes: async () => 0,
    obtain: async () => undefined,
    obtainHeader: () => reader.read(0, manifest.shards[0]!.headerBytes),
    importShard: async () => {
      throw new ShoalError('bad-request', 'An engine by itself has one model. Create another engine for another file.');
    },
    seeded: () => [],
    transfers: () => [],
    onTransfer: listening,
    onLost: listening,
    stop: async () => undefined,
    remove: async () => undefined,
    discardPart: async () => undefined,
    wish: nothing,
    announce: nothing,
    limitUploads: nothing,
    usage: async () => ({ usedBytes: 0, quotaBytes: 0 }),
    freeBytes: async () => Number.POSITIVE_INFINITY,
    close: async () => undefined,
  };
}
