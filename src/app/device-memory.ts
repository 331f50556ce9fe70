/** Of a device's memory, the part that shards may take: the browser, other pages and the KV caches need the rest. */
const SHARD_SHARE = 0.25;

/**
 * Bytes of shards that this device may hold; undefined where the browser does not tell.
 * @see https://developer.mozilla.org/docs/Web/API/Navigator/deviceMemory - GiB, rounded, at most 8 in most browsers
 */
export function shardMemoryBytes(): number | undefined {
  const { deviceMemory } = navigator as Navigator & { readonly deviceMemory?: number };
  return deviceMemory === undefined ? undefined : Math.floor(deviceMemory * 1024 ** 3 * SHARD_SHARE);
}
