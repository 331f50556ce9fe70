import * as v from 'valibot';

const shardIndex = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(1023));

/** What a member tells its swarm every `PRESENCE_INTERVAL_MS` and on every change. The sender is the signed gossip's. */
export const presenceSchema = v.object({
  /** Counts up; an older message that arrives late is ignored. */
  sequence: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  /** Shards that serve now. */
  ready: v.pipe(v.array(shardIndex), v.maxLength(1024)),
  /** Shards on their way; `auto` leaves them to whoever fetches them. */
  pending: v.pipe(v.array(shardIndex), v.maxLength(1024)),
  /** Tokens a second of a decode through one layer of this node; 0 while unmeasured. */
  layersPerSecond: v.pipe(v.number(), v.finite(), v.minValue(0)),
  /** Tasks that wait. */
  queueLength: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  /** The member goes now. */
  leaving: v.boolean(),
});
export type Presence = v.InferOutput<typeof presenceSchema>;
