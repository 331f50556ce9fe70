import * as v from 'valibot';
import { WIRE_VERSION } from './frames.ts';
import {
  MAX_CLAIMED_LOAD,
  MAX_CLAIMED_ROUND_TRIP_MS,
  MAX_INTRODUCERS,
  MAX_LAYERS_PER_SECOND,
  MAX_LINKS,
  MAX_NAME_CHARS,
  MAX_PEER_ID_BYTES,
  MAX_PRESENCE_INTERVAL_MS,
  MIN_LAYERS_PER_SECOND,
  PRESENCE_INTERVAL_MS,
} from './limits.ts';
import { plainName } from './member-name.ts';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
/** What a member claims beyond `most` counts as that: nothing that follows from a claim may outgrow every honest one. */
const atMost = (most: number) => v.transform((value: number) => Math.min(value, most));
const layersPerSecond = v.pipe(
  v.number(),
  v.finite(),
  v.minValue(0),
  v.transform((value) => (value === 0 ? 0 : Math.max(MIN_LAYERS_PER_SECOND, Math.min(value, MAX_LAYERS_PER_SECOND)))),
);
const load = v.pipe(count, atMost(MAX_CLAIMED_LOAD));
const shardIndex = v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(1023));
/** One that is listed twice counts once. */
const shards = v.pipe(
  v.array(shardIndex),
  v.maxLength(1024),
  v.transform((indices) => [...new Set(indices)]),
);
const peerId = v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_PEER_ID_BYTES));
/** A stranger's text. A name decides nothing, so a malformed one costs the member its name only. */
const name = v.pipe(v.string(), v.maxLength(2 * MAX_NAME_CHARS), v.transform(plainName));
const roundTripMs = v.pipe(v.number(), v.finite(), v.minValue(0), atMost(MAX_CLAIMED_ROUND_TRIP_MS));
const intervalMs = v.pipe(v.number(), v.minValue(PRESENCE_INTERVAL_MS), v.maxValue(MAX_PRESENCE_INTERVAL_MS));

/** Builds that do not say which wire they speak. */
const UNTOLD_WIRE_VERSION = 3;
const wire = v.pipe(v.number(), v.safeInteger(), v.minValue(1));

/** What a member tells its swarm every `PRESENCE_INTERVAL_MS` and on every change. The sender is the signed gossip's. */
export const presenceSchema = v.object({
  /** Counts up; an older message that arrives late is ignored. */
  sequence: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  /** Shards that serve now. */
  ready: shards,
  /** Shards on their way; `auto` leaves them to whoever fetches them. */
  pending: shards,
  /** Tokens a second of a decode through one layer of this node; 0 while unmeasured. */
  layersPerSecond,
  /** Tasks that wait. */
  queueLength: load,
  // What follows came later: a member that does not say it gets the default.
  /** Sessions whose tasks it has run in the last seconds: the next load, where the queue is the present one. */
  sessions: v.optional(load, 0),
  /** Bytes of shards that its device may hold; 0 when it does not know. */
  memoryBytes: v.optional(count, 0),
  /** Its owner lets others ask it to serve a shard. */
  willing: v.optional(v.boolean(), false),
  /** Its owner leaves the choice of shards to it, also later. */
  auto: v.optional(v.boolean(), false),
  /** What its owner calls it. */
  name: v.fallback(v.optional(name, ''), ''),
  /** Measured round trips to other members, ms: the coordinators cannot measure between two others. */
  links: v.optional(v.pipe(v.array(v.tuple([peerId, roundTripMs])), v.maxLength(MAX_LINKS)), []),
  /** It speaks at least so often: of many members each speaks less. */
  intervalMs: v.fallback(v.optional(intervalMs, PRESENCE_INTERVAL_MS), PRESENCE_INTERVAL_MS),
  /** Relays that introduce it, by peer id, where several servers share the swarm. */
  servers: v.fallback(v.optional(v.pipe(v.array(peerId), v.maxLength(MAX_INTRODUCERS)), []), []),
  /** What it is known by in the exchange of shards, so that its bytes there have a name; a claim that decides nothing. */
  exchangeId: v.fallback(v.optional(v.pipe(v.string(), v.regex(/^([0-9a-f]{40})?$/)), ''), ''),
  /** `WIRE_VERSION` of its build. */
  wire: v.optional(wire, UNTOLD_WIRE_VERSION),
  /** A conversation of its is open to all. */
  room: v.optional(v.boolean(), false),
  /** The member goes as soon as the sessions that it serves have moved elsewhere: no new ones. */
  draining: v.optional(v.boolean(), false),
  /** The member goes now. */
  leaving: v.boolean(),
});
export type Presence = v.InferOutput<typeof presenceSchema>;
/** What a member says of itself; what has a default may be left out. */
export type OwnPresence = Omit<v.InferInput<typeof presenceSchema>, 'sequence'>;

/** What members of every build say, whatever else has changed. */
const anyBuildSchema = v.object({
  wire,
  sequence: presenceSchema.entries.sequence,
  leaving: v.fallback(v.boolean(), false),
  name: presenceSchema.entries.name,
  intervalMs: presenceSchema.entries.intervalMs,
  servers: presenceSchema.entries.servers,
});
const SERVES_NOTHING = { ready: [], pending: [], layersPerSecond: 0, queueLength: 0 };

/**
 * A member's presence. One of another build is there, and serves nothing that this one could use.
 * @returns undefined when it is none
 */
export function readPresence(json: unknown): Presence | undefined {
  const head = v.safeParse(anyBuildSchema, json);
  const foreign = head.success && head.output.wire !== WIRE_VERSION;
  const result = v.safeParse(presenceSchema, foreign ? { ...SERVES_NOTHING, ...head.output } : json);
  return result.success ? result.output : undefined;
}

/** How another build stands to this one; undefined where both speak the same. */
export function buildOf({ wire }: Pick<Presence, 'wire'>): 'older' | 'newer' | undefined {
  if (wire === WIRE_VERSION) return undefined;
  return wire < WIRE_VERSION ? 'older' : 'newer';
}
