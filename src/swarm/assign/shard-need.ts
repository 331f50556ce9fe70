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
  return new NeedSums(shards, members).needs();
}

/** What the members bring to each shard, summed up, so that one member's move is reckoned without the others. */
export class NeedSums {
  readonly #shards: readonly AssignShard[];
  readonly #positions: ReadonlyMap<number, number>;
  readonly #speeds: ReadonlyMap<string, number>;
  /** By position of the shard. */
  readonly #rates: Float64Array;
  readonly #waiting: Float64Array;
  readonly #holders: Int32Array;

  constructor(shards: readonly AssignShard[], members: readonly AssignMember[]) {
    this.#shards = shards;
    this.#positions = new Map(shards.map(({ index }, position) => [index, position]));
    this.#speeds = speedsOf(members);
    this.#rates = new Float64Array(shards.length);
    this.#waiting = new Float64Array(shards.length);
    this.#holders = new Int32Array(shards.length);
    for (const member of members) this.#count(member, heldBy(member), 1);
  }

  /** By position of the shard. @see shardNeeds */
  needs(): number[] {
    return this.#shards.map((_, position) => this.#need(position));
  }

  /** The sum of all needs when the member, one of those counted, holds other shards. O(shards) */
  totalWith(member: AssignMember, held: ReadonlySet<number>): number {
    // Kept rather than reckoned back: rounding would tell equal members apart.
    const [rates, waiting, holders] = [this.#rates.slice(), this.#waiting.slice(), this.#holders.slice()];
    this.#count(member, heldBy(member), -1);
    this.#count(member, held, 1);
    const total = this.needs().reduce((sum, need) => sum + need, 0);
    this.#rates.set(rates);
    this.#waiting.set(waiting);
    this.#holders.set(holders);
    return total;
  }

  #count(member: AssignMember, held: ReadonlySet<number>, sign: 1 | -1): void {
    const positions = [...held].map((index) => this.#positions.get(index)).filter((position) => position !== undefined);
    const layers = positions.reduce((sum, position) => sum + layersOf(this.#shards[position]!), 0);
    for (const position of positions) {
      this.#rates[position]! += (sign * this.#speeds.get(member.peerId)!) / layers;
      this.#waiting[position]! += sign * loadOf(member);
      this.#holders[position]! += sign;
    }
  }

  #need(position: number): number {
    const count = this.#holders[position]!;
    if (count === 0) return Number.POSITIVE_INFINITY;
    return ((1 + this.#waiting[position]! / count) / this.#rates[position]!) * (count === 1 ? SOLE_HOLDER_NEED : 1);
  }
}

export function layersOf({ layers }: AssignShard): number {
  return layers.end - layers.start;
}
