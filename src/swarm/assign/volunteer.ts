import { type AssignMember, type AssignShard, heldBy, layersOf, loadOf, shardNeeds, speedsOf } from './shard-need.ts';

/** A device that does not say what it may hold: half of what the weakest of current phones have. */
const UNKNOWN_MEMORY_BYTES = 1024 ** 3;
/** A shard that is no neighbour of what a member holds makes it one more hop, and so is so much more to it. */
const APART_COST = 1.25;

/** Bytes that the member's device may take besides what it holds. */
export function roomOf(member: AssignMember, shards: readonly AssignShard[]): number {
  const held = heldBy(member);
  const used = shards.reduce((sum, { index, sizeBytes }) => sum + (held.has(index) ? sizeBytes : 0), 0);
  return (member.memoryBytes || UNKNOWN_MEMORY_BYTES) - used;
}

/**
 * Of the members that let others ask them, the one that a shard costs least: it has room, does not hold the shard, and
 * would run through all that it then holds, and what waits there, soonest. Slow members so get less. The same for
 * everybody who knows the same members.
 */
export function bestVolunteer(
  shard: number,
  shards: readonly AssignShard[],
  members: readonly AssignMember[],
  wish: 'willing' | 'auto' = 'willing',
): string | undefined {
  const wanted = shards.find(({ index }) => index === shard);
  if (!wanted) return undefined;
  const speeds = speedsOf(members);
  let best: { readonly peerId: string; readonly cost: number } | undefined;
  for (const member of members) {
    const held = heldBy(member);
    if (!member[wish] || held.has(shard) || roomOf(member, shards) < wanted.sizeBytes) continue;
    const layers = shards.reduce((sum, each) => sum + (held.has(each.index) ? layersOf(each) : 0), layersOf(wanted));
    const apart = held.size > 0 && !held.has(shard - 1) && !held.has(shard + 1) ? APART_COST : 1;
    const cost = (apart * layers * (1 + loadOf(member))) / speeds.get(member.peerId)!;
    if (!best || cost < best.cost || (cost === best.cost && member.peerId < best.peerId))
      best = { peerId: member.peerId, cost };
  }
  return best?.peerId;
}

/**
 * The shard that a member should take next when its owner leaves the choice to it: the neediest that it does not hold
 * and has room for, or the neediest at all when there is room for none. Undefined when it holds all.
 */
export function chooseShard(
  self: AssignMember,
  shards: readonly AssignShard[],
  members: readonly AssignMember[],
): number | undefined {
  const needs = shardNeeds(shards, members);
  const held = heldBy(self);
  const room = roomOf(self, shards);
  const first = placeOf(self.peerId, shards.length);
  const lacking = shards
    .map(({ index, sizeBytes }, position, { length }) => ({
      index,
      need: needs[position]!,
      fits: sizeBytes <= room,
      // Of equal ones, those that choose at the same time begin at different places.
      turn: (position - first + length) % length,
    }))
    .filter(({ index }) => !held.has(index))
    .sort((a, b) => (a.need === b.need ? a.turn - b.turn : b.need - a.need));
  return (lacking.find(({ fits }) => fits) ?? lacking[0])?.index;
}

/**
 * `chooseShard` for a member that has none yet, beside others that choose at the same time: those that are to choose for
 * themselves and have nothing yet choose one after the other, in the order of their ids. The same for everybody who
 * knows the same members, so that no two of them take the same while others lack a holder.
 */
export function chooseInTurn(
  self: AssignMember,
  shards: readonly AssignShard[],
  others: readonly AssignMember[],
): number | undefined {
  const earlier = others.filter((other) => isChoosing(other) && other.peerId < self.peerId);
  let members = others.filter((other) => !isChoosing(other));
  for (const other of earlier.toSorted((a, b) => (a.peerId < b.peerId ? -1 : 1))) {
    const shard = chooseShard(other, shards, members);
    members = [...members, { ...other, pending: shard === undefined ? [] : [shard] }];
  }
  return chooseShard(self, shards, members);
}

function isChoosing({ auto, ready, pending }: AssignMember): boolean {
  return auto && ready.length === 0 && pending.length === 0;
}

/** A place in `[0, count)` that spreads evenly over peer ids. */
function placeOf(peerId: string, count: number): number {
  let sum = 0;
  for (let index = 0; index < peerId.length; index++) sum = (31 * sum + peerId.charCodeAt(index)) % 65_521;
  return sum % count;
}
