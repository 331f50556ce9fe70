import { type RouteCandidate, UNMEASURED_LAYERS_PER_SECOND } from './route.ts';
import type { TrackRecords } from './track-records.ts';

/**
 * The speed that a plan counts on, layers a second: what this tab has measured; else what the node says of itself, as long
 * as that makes it no better than any other that nothing is known of. When such nodes have failed, they count for less.
 */
export function believedSpeed(
  { peerId, layersPerSecond }: RouteCandidate,
  records: TrackRecords,
  coordinator: string,
): number {
  // Of itself a tab knows.
  if (peerId === coordinator) return layersPerSecond;
  const measured = records.layersPerSecond(peerId);
  if (measured !== undefined) return measured;
  const said = layersPerSecond > 0 ? layersPerSecond : UNMEASURED_LAYERS_PER_SECOND;
  return Math.min(said, UNMEASURED_LAYERS_PER_SECOND) / (1 + records.strangersFailed);
}
