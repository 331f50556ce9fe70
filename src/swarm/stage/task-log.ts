import { log } from '../../core/log.ts';
import type { LayerRange } from '../../core/ranges.ts';
import { Tally } from '../../core/tally.ts';
import type { StageTiming } from '../../protocol/frames.ts';
import type { ManifestShard } from '../../protocol/manifest.ts';

/** What `GET_STATS` tells anybody of one task: nothing that names it or its session. */
export interface TaskRecord {
  readonly layers: LayerRange;
  readonly tokens: number;
  readonly waitMs: number;
  readonly computeMs: number;
  readonly atMs: number;
}

const KEPT_RECORDS = 32;
/** One running mean over about this many tasks, so that a busy minute shows within seconds. */
const SPEED_SMOOTHING = 0.2;

/** What a node has done. */
export class TaskLog {
  readonly recent: TaskRecord[] = [];
  done = 0;
  failed = 0;
  /** Positions computed. */
  tokens = 0;
  /** Layers times positions computed for others. */
  readonly lentWork = new Tally();
  /** Of single positions, in all of a batch; 0 until the first. */
  layersPerSecond = 0;

  /**
   * @param together - tasks that were computed in the same call
   * @param borrower - the tab whose session it is; undefined for this one
   */
  record(tokens: number, timing: StageTiming, together: number, borrower: string | undefined): void {
    const { layers, waitMs, computeMs } = timing;
    this.done++;
    this.tokens += tokens;
    if (borrower !== undefined) this.lentWork.add(borrower, tokens * (layers.end - layers.start));
    this.recent.push({ layers, tokens, waitMs, computeMs, atMs: performance.now() - computeMs });
    if (this.recent.length > KEPT_RECORDS) this.recent.shift();
    if (tokens > 1 || computeMs === 0) return;
    const speed = (1000 * together * (layers.end - layers.start)) / computeMs;
    this.layersPerSecond =
      this.layersPerSecond === 0 ? speed : this.layersPerSecond + SPEED_SMOOTHING * (speed - this.layersPerSecond);
  }
}

/** The lines that `verify` looks for. */
export function announceTask(shards: readonly ManifestShard[], { start, end }: LayerRange): void {
  for (const { index, layers } of shards)
    if (layers.start < end && start < layers.end) log.info('EXECUTE_TASK', `Processing inference for shard ${index}`);
}
