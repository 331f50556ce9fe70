import { type AssignMember, type AssignShard, heldBy, NeedSums, shardNeeds } from './shard-need.ts';
import { bestVolunteer, roomOf } from './volunteer.ts';

/** What an "auto" member should do next. */
export type Move =
  | { readonly kind: 'take'; readonly shard: number; readonly why: string }
  | {
      readonly kind: 'move';
      readonly from: number;
      readonly to: number;
      /** Whether the device has room for both, so that the new shard serves before the old one goes. */
      readonly roomForBoth: boolean;
      readonly why: string;
    };

/** What the swarm knows, and what it takes this member to get a shard. */
export interface MoveFacts {
  readonly shards: readonly AssignShard[];
  /** Everybody, the member itself among them. */
  readonly members: readonly AssignMember[];
  /** Until a shard serves here, seconds. */
  readonly fetchSeconds: (shard: number) => number;
}

/** Every shard has a spare copy: whichever tab goes, an answer goes on at once. */
const WANTED_COPIES = 2;
/** A tab stays open about so long: what a move brings after it is not counted. */
const HORIZON_SECONDS = 600;
/** A member that fetches and loads serves at about this part of its speed meanwhile. */
const SPEED_WHILE_FETCHING = 0.8;
/** Below this gain nobody moves: measured speeds differ by as much from minute to minute. */
const MIN_GAIN = 1.2;

/**
 * What the member should do for the swarm, when its owner leaves the choice to it: first take a spare copy of a shard
 * that lacks one, if it is the one whom that costs least; then move from a shard to a needier one, if that gains most
 * of all moves that anyone could make, and is worth the fetch.
 *
 * Everybody who knows the same members comes to the same one move. Where views differ, two may move at once, but never
 * leave a gap: see `mayLeave`.
 */
export function nextMove(self: string, facts: MoveFacts): Move | undefined {
  return spareToTake(self, facts) ?? moveToMake(self, facts);
}

/**
 * Whether the member may leave a shard: only when a ready holder with a lower id stays behind. The one with the lowest
 * id of all never leaves, whatever the others think they know.
 */
export function mayLeave(self: string, shard: number, members: readonly AssignMember[]): boolean {
  return members.some(({ peerId, ready }) => peerId < self && ready.includes(shard));
}

/** Deals the missing copies out, neediest shard first, as every member would, and looks what falls to this one. */
function spareToTake(self: string, { shards, members }: MoveFacts): Move | undefined {
  let dealt = [...members];
  for (let copy = 0; copy < WANTED_COPIES; copy++) {
    const needs = shardNeeds(shards, dealt);
    const lacking = shards
      .map(({ index }, position) => ({ index, need: needs[position]!, copies: copiesOf(index, dealt) }))
      .filter(({ copies }) => copies <= copy)
      .sort((a, b) => (a.need === b.need ? a.index - b.index : b.need - a.need));
    for (const { index, copies } of lacking) {
      const taker = bestVolunteer(index, shards, dealt, 'auto');
      if (taker === self) {
        const why = copies === 0 ? 'nobody has it' : 'one member alone has it';
        return { kind: 'take', shard: index, why };
      }
      dealt = dealt.map((member) =>
        member.peerId === taker ? { ...member, pending: [...member.pending, index] } : member,
      );
    }
  }
  return undefined;
}

/** Looks for the best move of anyone to the neediest shard, and whether it is this member's. */
function moveToMake(self: string, { shards, members, fetchSeconds }: MoveFacts): Move | undefined {
  const sums = new NeedSums(shards, members);
  const needs = sums.needs();
  const before = total(needs);
  if (!Number.isFinite(before)) return undefined;
  const { index: to, sizeBytes } = shards[needs.indexOf(Math.max(...needs))]!;
  const firstHolders = firstHoldersOf(members);
  let best: { readonly member: AssignMember; readonly from: number; readonly after: number } | undefined;
  for (const member of members) {
    if (!member.auto || member.pending.length > 0 || member.ready.includes(to)) continue;
    for (const { index: from } of shards) {
      if (!member.ready.includes(from) || !(firstHolders.get(from)! < member.peerId)) continue;
      const left = { ...member, ready: member.ready.filter((shard) => shard !== from) };
      if (roomOf(left, shards) < sizeBytes) continue;
      const after = sums.totalWith(member, new Set([...left.ready, to]));
      if (!best || after < best.after || (after === best.after && member.peerId < best.member.peerId))
        best = { member, from, after };
    }
  }
  if (best?.member.peerId !== self || !isWorthIt(before, best.after, fetchSeconds(to))) return undefined;
  const gain = Math.round(100 * (before / best.after - 1));
  const why = `the swarm gets ${gain} % faster with it, by what its members have measured`;
  return { kind: 'move', from: best.from, to, roomForBoth: roomOf(best.member, shards) >= sizeBytes, why };
}

/** By shard: the lowest id of those that serve it, see `mayLeave`. */
function firstHoldersOf(members: readonly AssignMember[]): Map<number, string> {
  const first = new Map<number, string>();
  for (const { peerId, ready } of members)
    for (const shard of ready) if (!(first.get(shard)! <= peerId)) first.set(shard, peerId);
  return first;
}

/** Tokens within the horizon when it moves, against those when it stays. */
function isWorthIt(before: number, after: number, fetchSeconds: number): boolean {
  const serving = HORIZON_SECONDS - fetchSeconds;
  if (serving <= 0) return false;
  const moving = (SPEED_WHILE_FETCHING * fetchSeconds) / before + serving / after;
  return moving > (MIN_GAIN * HORIZON_SECONDS) / before;
}

function copiesOf(shard: number, members: readonly AssignMember[]): number {
  return members.filter((member) => heldBy(member).has(shard)).length;
}

function total(needs: readonly number[]): number {
  return needs.reduce((sum, need) => sum + need, 0);
}
