import type { LayerRange } from '../../core/ranges.ts';
import type { RouteStage } from '../../protocol/frames.ts';
import type { RouteShard } from './route.ts';

/** What a stage's node can do. */
export interface StageFacts {
  readonly ready: readonly number[];
  /** One layer of one task, ms. */
  readonly layerMs: number;
}

/** A lap may get longer by this part when its slowest stage gets shorter. */
const MAX_LAP_COST = 0.05;

/**
 * Moves the cuts between neighbouring stages inside the shards that both sides hold, so that the slowest stage of the
 * chain gets faster: it sets the pace of a long prompt and of many sessions. A plan for one token never asks for that,
 * because its cost is linear in the cut, so that one of the ends is best; hence this second look at the finished plan.
 *
 * @returns as many stages at the same peers, each with a layer at least
 */
export function balanceCuts(
  stages: readonly RouteStage[],
  shards: readonly RouteShard[],
  factsOf: (peerId: string) => StageFacts,
): RouteStage[] {
  const balanced = [...stages];
  const lapMs = balanced.reduce((sum, stage) => sum + stageMs(stage, factsOf), 0);
  let allowedMs = lapMs * MAX_LAP_COST;
  for (let index = 0; index + 1 < balanced.length; index++) {
    const [left, right] = [balanced[index]!, balanced[index + 1]!];
    const [a, b] = [factsOf(left.peerId), factsOf(right.peerId)];
    const free = freeCuts(left.layers, right.layers, shards, a.ready, b.ready);
    const pace = (cut: number) => Math.max(a.layerMs * (cut - left.layers.start), b.layerMs * (right.layers.end - cut));
    const added = (cut: number) => (a.layerMs - b.layerMs) * (cut - left.layers.end);
    let best = left.layers.end;
    for (let cut = free.start; cut <= free.end; cut++)
      if (added(cut) <= allowedMs && pace(cut) < pace(best)) best = cut;
    if (best === left.layers.end) continue;
    allowedMs -= added(best);
    balanced[index] = { peerId: left.peerId, layers: { start: left.layers.start, end: best } };
    balanced[index + 1] = { peerId: right.peerId, layers: { start: best, end: right.layers.end } };
  }
  return balanced;
}

function stageMs({ peerId, layers }: RouteStage, factsOf: (peerId: string) => StageFacts): number {
  return factsOf(peerId).layerMs * (layers.end - layers.start);
}

/** Where the cut may lie, both ends included: around it both sides hold all layers, and neither side loses its last. */
function freeCuts(
  left: LayerRange,
  right: LayerRange,
  shards: readonly RouteShard[],
  leftReady: readonly number[],
  rightReady: readonly number[],
): LayerRange {
  const shared = shards.filter(({ index }) => leftReady.includes(index) && rightReady.includes(index));
  let [start, end] = [left.end, left.end];
  for (const { layers } of [...shared].reverse()) if (layers.end >= start && layers.start < start) start = layers.start;
  for (const { layers } of shared) if (layers.start <= end && layers.end > end) end = layers.end;
  return { start: Math.max(start, left.start + 1), end: Math.min(end, right.end - 1) };
}
