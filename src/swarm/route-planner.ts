import { ShoalError } from '../core/errors.ts';
import type { Unsubscribe } from '../core/events.ts';
import { formatLayers, type LayerRange } from '../core/ranges.ts';
import type { RouteStage } from '../protocol/frames.ts';
import type { Manifest, ManifestShard } from '../protocol/manifest.ts';
import { type Coverage, countHolders } from './assign.ts';
import { planRoute, type RouteCandidate } from './route.ts';

export interface RoutePlannerOptions {
  readonly manifest: Manifest;
  /** The nodes that serve something now, this tab among them once it does. */
  readonly candidates: () => readonly RouteCandidate[];
  /** Everybody with what they serve and what is on its way to them. */
  readonly everybody: () => Iterable<Coverage>;
  readonly onChange: (listener: () => void) => Unsubscribe;
}

/** A prompt waits so long for shards on their way: a reload after a lost device takes seconds, a download longer. */
const LOADING_PATIENCE_MS = 15_000;
const LOADING_CHECK_MS = 500;
/** A peer that was lost, and is heard of again after so long, is back: what it said before has arrived by then. */
const RETURN_MS = 1500;
const NOBODY: ReadonlySet<string> = new Set();

/** Finds routes over the members heard of lately, and waits a while for shards that somebody is loading. */
export class RoutePlanner {
  readonly #options: RoutePlannerOptions;

  constructor(options: RoutePlannerOptions) {
    this.#options = options;
  }

  /**
   * The fastest route through every layer.
   * @throws ShoalError `shard-missing` naming the layers that nobody serves, `aborted`
   */
  planRoute(signal?: AbortSignal): Promise<readonly RouteStage[]> {
    return this.#plan(this.#options.manifest.shards, NOBODY, signal);
  }

  /**
   * The fastest stages for a part of the layers, without the lost peers unless they are back.
   * @throws ShoalError `shard-missing`, `aborted`
   */
  planRange(layers: LayerRange, lost: ReadonlySet<string>, signal?: AbortSignal): Promise<readonly RouteStage[]> {
    const { shards } = this.#options.manifest;
    const inRange = shards.filter((shard) => shard.layers.start < layers.end && layers.start < shard.layers.end);
    return this.#plan(inRange, lost, signal);
  }

  async #plan(
    shards: readonly ManifestShard[],
    lost: ReadonlySet<string>,
    signal?: AbortSignal,
  ): Promise<readonly RouteStage[]> {
    const { manifest, candidates, everybody } = this.#options;
    const startedAtMs = performance.now();
    for (;;) {
      signal?.throwIfAborted();
      const waitedMs = performance.now() - startedAtMs;
      let plan = planRoute(
        shards,
        candidates().filter(({ peerId }) => !lost.has(peerId)),
      );
      if (!plan.stages && waitedMs > RETURN_MS) plan = planRoute(shards, candidates());
      if (plan.stages) return plan.stages;
      const { expected } = countHolders(manifest.shards.length, everybody());
      const onTheWay = plan.missing.every((index) => expected[index]! > 0);
      if (!onTheWay || waitedMs > LOADING_PATIENCE_MS) throw missingError(manifest, plan.missing);
      await this.#nextChange();
    }
  }

  #nextChange(): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        unsubscribe();
        resolve();
      };
      const timer = setTimeout(done, LOADING_CHECK_MS);
      const unsubscribe = this.#options.onChange(done);
    });
  }
}

function missingError(manifest: Manifest, missing: readonly number[]): ShoalError {
  const names = missing.map((index) => `shard ${index} (layers ${formatLayers(manifest.shards[index]!.layers)})`);
  return new ShoalError(
    'shard-missing',
    `Nobody serves ${names.join(', ')}. Join with it here, or share the invite link.`,
  );
}
