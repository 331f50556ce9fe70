import { type RouteCandidate, UNMEASURED_LAYERS_PER_SECOND } from './route.ts';
import type { TrackRecords } from './track-records.ts';

/** What a plan believes at most of one that nobody knows, where it is to be tried: a good graphics card. */
const MAX_CLAIM = 5000;

/**
 * The speed that a plan counts on, layers a second: what this tab has measured; else what the node says of itself, as long
 * as that makes it no better than any other that nothing is known of. When such nodes have failed, they count for less.
 * @param curious - whether a node that nobody knows is to be tried for what it says, as long as none has failed
 */
export function believedSpeed(
  { peerId, layersPerSecond }: RouteCandidate,
  records: TrackRecords,
  coordinator: string,
  curious = false,
): number {
  // Of itself a tab knows.
  if (peerId === coordinator) return layersPerSecond;
  const measured = records.layersPerSecond(peerId);
  if (measured !== undefined) return measured;
  const said = layersPerSecond > 0 ? layersPerSecond : UNMEASURED_LAYERS_PER_SECOND;
  const failed = records.strangersFailed;
  return Math.min(said, curious && failed < 1 ? MAX_CLAIM : UNMEASURED_LAYERS_PER_SECOND) / (1 + failed);
}
