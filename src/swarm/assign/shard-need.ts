import type { ManifestShard } from '../../protocol/manifest.ts';
import type { Coverage } from './assign.ts';

/** What assignment needs to know of a member; one that is about to leave is none. */
export interface AssignMember extends Coverage {
  readonly peerId: string;
  /** Layers a second of a decode; 0 while unmeasured. */
  readonly layersPerSecond: number;
  /** Tasks that wait there. */
  readonly queueLength: number;
  /** Sessions that it works for. */
  readonly sessions: number;
  /** Bytes of shards that its device may hold; 0 when it does not know. */
  readonly memoryBytes: number;
  /** Its owner lets others ask it to serve a shard. */
  readonly willing: boolean;
  /** Its owner leaves the choice of shards to it. */
  readonly auto: boolean;
}

export type AssignShard = Pick<ManifestShard, 'index' | 'layers' | 'sizeBytes'>;

/** Before anybody has measured: an average laptop, as in a route's plan. */
const UNMEASURED_LAYERS_PER_SECOND = 200;
/** A shard that one member alone holds is so many times as needy: when that one goes, answers stop. */
const SOLE_HOLDER_NEED = 4;
/** A session at work is half a waiting task: as in a route's plan. */
const SESSION_LOAD = 0.5;

/** Shards that the member serves or has on their way. */
export function heldBy(member: Coverage): Set<number> {
  return new Set([...member.ready, ...member.pending]);
}

/** Tasks before a new one, at this member. */
export function loadOf({ queueLength, sessions }: AssignMember): number {
  return queueLength + SESSION_LOAD * sessions;
}

/** Layers a second of each member: as measured, and until then as the middle one of those who have. */
export function speedsOf(members: readonly AssignMember[]): Map<string, number> {
  const measured = members.map(({ layersPerSecond }) => layersPerSecond).filter((speed) => speed > 0);
  const typical = measured.sort((a, b) => a - b)[measured.length >> 1] ?? UNMEASURED_LAYERS_PER_SECOND;
  return new Map(members.map(({ peerId, layersPerSecond }) => [peerId, layersPerSecond || typical]));
}

/**
 * How much every shard needs another holder: the time of a token there when all its holders share the work, longer by
 * what waits, and several times as long when one member alone holds it; infinite for one that nobody holds. A member's
 * speed is shared by the layers that it holds, so that a slow tab counts for little and one with many shards for a
 * part in each.
 */
export function shardNeeds(shards: readonly AssignShard[], members: readonly AssignMember[]): number[] {
  const speeds = speedsOf(members);
  const rates = shards.map(() => 0);
  const waiting = shards.map(() => 0);
  const holders = shards.map(() => 0);
  const positions = new Map(shards.map(({ index }, position) => [index, position]));
  for (const member of members) {
    const held = [...heldBy(member)].map((index) => positions.get(index)).filter((position) => position !== undefined);
    const layers = held.reduce((sum, position) => sum + layersOf(shards[position]!), 0);
    for (const position of held) {
      rates[position]! += speeds.get(member.peerId)! / layers;
      waiting[position]! += loadOf(member);
      holders[position]!++;
    }
  }
  return shards.map((_, position) => {
    const count = holders[position]!;
    if (count === 0) return Number.POSITIVE_INFINITY;
    return ((1 + waiting[position]! / count) / rates[position]!) * (count === 1 ? SOLE_HOLDER_NEED : 1);
  });
}

export function layersOf({ layers }: AssignShard): number {
  return layers.end - layers.start;
}
