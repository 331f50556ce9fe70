import { ShoalError } from '../../core/errors.ts';
import { formatBytes } from '../../core/format.ts';
import type { Manifest, ManifestShard } from '../../protocol/manifest.ts';

/** Weights that any device can address: nobody waits for a device to be asked about less. */
export const CERTAIN_BYTES = 2 * 2 ** 30;

/**
 * Whether a device can address a shard's weights beside those that it has, told before a byte is fetched.
 * @param others - of this tab, loaded or on their way
 * @param maxWeightBytes - what the device can address
 * @throws ShoalError `out-of-memory` that says into how many shards the model must be split, or what else to do
 */
export function checkCapacity(
  { shards }: Manifest,
  shard: ManifestShard,
  others: readonly ManifestShard[],
  maxWeightBytes: number,
): void {
  const room = `this tab's device can address ${formatBytes(maxWeightBytes)}`;
  if (shard.sizeBytes > maxWeightBytes) {
    const largest = Math.max(...shards.map(({ sizeBytes }) => sizeBytes));
    const fewest = Math.ceil((shards.length * largest) / maxWeightBytes);
    throw new ShoalError(
      'out-of-memory',
      `${shard.fileName} has ${formatBytes(shard.sizeBytes)} of weights, and ${room}. Split the model into at least ${fewest} shards: npm start -- --shards ${fewest}`,
    );
  }
  const taken = others.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (taken + shard.sizeBytes > maxWeightBytes) {
    throw new ShoalError(
      'out-of-memory',
      `${shard.fileName} has ${formatBytes(shard.sizeBytes)} of weights beside the ${formatBytes(taken)} that this tab serves, and ${room}. Leave another shard first, or choose this one in another tab.`,
    );
  }
}

/**
 * Whether the owner lends memory for so many bytes of shards.
 * @throws ShoalError `out-of-memory`
 */
export function checkLent(totalBytes: number, lentBytes = Number.POSITIVE_INFINITY): void {
  if (totalBytes <= lentBytes) return;
  throw new ShoalError(
    'out-of-memory',
    `This tab would hold ${formatBytes(totalBytes)} of shards, and lends ${formatBytes(lentBytes)}. Leave another shard first, or lend more in the settings.`,
  );
}
