import type { RouteStage } from '../protocol/frames.ts';
import type { ManifestShard } from '../protocol/manifest.ts';

/** What routing needs to know of a member. */
export interface RouteCandidate {
  readonly peerId: string;
  readonly ready: readonly number[];
  /** Layers a second of a decode; 0 while unmeasured. */
  readonly layersPerSecond: number;
  readonly queueLength: number;
  /** Round trip from the coordinator, ms. */
  readonly roundTripMs: number;
}

export type RoutePlan =
  | { readonly stages: readonly RouteStage[]; readonly missing?: never }
  | { readonly stages?: never; readonly missing: readonly number[] };

/** A node that has measured nothing yet is taken for an average laptop. */
const UNMEASURED_LAYERS_PER_SECOND = 200;
/** Handing a frame over costs this much on any link: encoding, the event loops of both sides, one readback. */
const HOP_OVERHEAD_MS = 3;

/**
 * The fastest chain that covers every shard in order: dynamic programming over (shard, holder), where a change of holder
 * costs a hop and every waiting task costs its time in the holder's queue.
 *
 * @returns the stages, neighbouring shards of one holder merged; or the shards that nobody serves.
 */
export function planRoute(shards: readonly ManifestShard[], members: readonly RouteCandidate[]): RoutePlan {
  const holders = shards.map((shard) => members.filter((member) => member.ready.includes(shard.index)));
  const missing = shards.filter((_, index) => holders[index]!.length === 0).map((shard) => shard.index);
  if (missing.length > 0) return { missing };

  type Step = { readonly member: RouteCandidate; readonly costMs: number; readonly previous: Step | undefined };
  let steps: Step[] = [];
  for (const [index, shard] of shards.entries()) {
    steps = holders[index]!.map((member) => {
      const computeMs =
        (1000 * (shard.layers.end - shard.layers.start)) / (member.layersPerSecond || UNMEASURED_LAYERS_PER_SECOND);
      const entries = index === 0 ? [undefined] : steps;
      const reached = entries.map((previous): Step => {
        const hop = previous?.member === member ? 0 : HOP_OVERHEAD_MS + member.roundTripMs / 2;
        return { member, previous, costMs: (previous?.costMs ?? 0) + hop + computeMs * (1 + member.queueLength) };
      });
      return reached.reduce((best, step) => (step.costMs < best.costMs ? step : best));
    });
  }

  const chosen: RouteCandidate[] = [];
  let step: Step | undefined = steps.reduce((best, other) => (other.costMs < best.costMs ? other : best));
  for (; step; step = step.previous) chosen.unshift(step.member);
  return { stages: mergeStages(shards, chosen) };
}

function mergeStages(shards: readonly ManifestShard[], chosen: readonly RouteCandidate[]): RouteStage[] {
  const stages: RouteStage[] = [];
  for (const [index, { layers }] of shards.entries()) {
    const peerId = chosen[index]!.peerId;
    const last = stages.at(-1);
    if (last?.peerId === peerId)
      stages[stages.length - 1] = { peerId, layers: { start: last.layers.start, end: layers.end } };
    else stages.push({ peerId, layers });
  }
  return stages;
}
