import { ShoalError } from '../../core/errors.ts';
import type { Unsubscribe } from '../../core/events.ts';
import { formatLayers, type LayerRange } from '../../core/ranges.ts';
import type { RouteStage } from '../../protocol/frames.ts';
import { PRESENCE_INTERVAL_MS } from '../../protocol/limits.ts';
import type { Manifest } from '../../protocol/manifest.ts';
import { type Coverage, countHolders } from '../assign/assign.ts';
import { balanceCuts } from './balance-cuts.ts';
import { believedSpeed } from './believed-speed.ts';
import { layerCostMs, planRoute, type RouteCandidate, type RoutePlan, type RouteShard } from './route.ts';
import type { TrackRecords } from './track-records.ts';
import type { Wait } from './wait.ts';

export interface RoutePlannerOptions {
  /** This tab's peer id. */
  readonly coordinator: string;
  readonly manifest: Manifest;
  /** The nodes that serve something now, this tab among them once it does. */
  readonly candidates: () => readonly RouteCandidate[];
  /** Everybody with what they serve and what is on its way to them. */
  readonly everybody: () => Iterable<Coverage & { readonly peerId?: string }>;
  /** What this tab has seen of them. */
  readonly records: TrackRecords;
  readonly onChange: (listener: () => void) => Unsubscribe;
  /** Has somebody fetch a shard that nobody serves; undefined when nobody is willing. */
  readonly recruit: (shard: number) => string | undefined;
}

/** How a caller waits for a route. */
export interface Patience {
  readonly signal?: AbortSignal | undefined;
  /** @see GenerationRequest.onWait */
  readonly onWait?: ((wait: Wait | undefined) => void) | undefined;
  /** @see GenerationRequest.recruits */
  readonly recruits?: boolean | undefined;
  /** @see GenerationRequest.avoid */
  readonly avoid?: ReadonlySet<string> | undefined;
}

const LOADING_CHECK_MS = 500;
/** What a member begins shows in its presence after so long: one interval, and the way of the message. */
const UNSEEN_MS = PRESENCE_INTERVAL_MS + 1000;
/** A peer that was lost, and is heard of again after so long, is back: what it said before has arrived by then. */
const RETURN_MS = 1500;
/** Every so many routes nodes that nobody knows are tried for what they say of themselves: the fastest may be among them. */
const CURIOSITY = 4;
const NOBODY: ReadonlySet<string> = new Set();

/** Finds routes over the members heard of lately, and waits a while for shards that somebody is loading. */
export class RoutePlanner {
  readonly #options: RoutePlannerOptions;
  /** Planned so far, and whether the one that is planned now tries nodes that nobody knows. */
  #routes = 0;
  #curious = false;
  /** The stages of the routes that this tab has chosen a moment ago, which nobody's presence tells of yet. */
  #chosen: { readonly peerId: string; readonly atMs: number }[] = [];

  constructor(options: RoutePlannerOptions) {
    this.#options = options;
  }

  /**
   * The fastest route through every layer, around the nodes that are full.
   * @throws ShoalError `shard-missing` naming the layers that nobody serves, `aborted`
   */
  planRoute(patience: Patience = {}, without: ReadonlySet<string> = NOBODY): Promise<readonly RouteStage[]> {
    this.#curious = ++this.#routes % CURIOSITY === 0;
    return this.#plan(this.#options.manifest.shards, without, LOADING_CHECK_MS, patience);
  }

  /** Whether others than those serve these layers now, and have been heard of lately. */
  hasSpare(without: ReadonlySet<string>, layers: LayerRange): boolean {
    const { candidates, records } = this.#options;
    const unfit = candidates().filter(({ peerId, overdue }) => overdue || records.rests(peerId));
    return this.isServed(new Set([...without, ...unfit.map(({ peerId }) => peerId)]), layers);
  }

  /** Others than `peerId` that serve all of these layers: this tab first, then who was found good most often. */
  holders({ start, end }: LayerRange, peerId: string): string[] {
    const { candidates, records, manifest, coordinator } = this.#options;
    const shards = manifest.shards.filter(({ layers }) => layers.start < end && start < layers.end);
    const goodness = (other: string) =>
      other === coordinator ? Number.POSITIVE_INFINITY : records.audits(other).passed;
    return candidates()
      .filter((other) => other.peerId !== peerId && !other.overdue && !records.rests(other.peerId))
      .filter(({ ready }) => shards.every(({ index }) => ready.includes(index)))
      .map((other) => other.peerId)
      .sort((a, b) => goodness(b) - goodness(a));
  }

  /** The nodes that a route goes around which runs through those alone; undefined unless they serve all, and well. */
  allBut(peers: ReadonlySet<string>): ReadonlySet<string> | undefined {
    const { candidates, records } = this.#options;
    const others = candidates().filter(({ peerId }) => !peers.has(peerId));
    const unfit = candidates().filter(({ peerId, overdue }) => peers.has(peerId) && (overdue || records.rests(peerId)));
    const without = new Set(others.map(({ peerId }) => peerId));
    return unfit.length === 0 && this.isServed(without) ? without : undefined;
  }

  /** Whether all layers, or every one of these, are served now by others than those. */
  isServed(without: ReadonlySet<string>, wanted?: LayerRange): boolean {
    const served = new Set<number>();
    for (const { peerId, ready } of this.#options.candidates())
      if (!without.has(peerId)) for (const shard of ready) served.add(shard);
    return this.#options.manifest.shards
      .filter(({ layers }) => !wanted || (layers.start < wanted.end && wanted.start < layers.end))
      .every(({ index }) => served.has(index));
  }

  /**
   * The fastest stages for a part of the layers, without the lost peers unless they are back. Whoever has come in place
   * of a lost one has a moment to say so.
   * @throws ShoalError `shard-missing`, `aborted`
   */
  planRange(layers: LayerRange, lost: ReadonlySet<string>, patience: Patience = {}): Promise<readonly RouteStage[]> {
    this.#curious = false;
    // A lost stage may have had a part of a shard only: the rest is somebody else's, and stays there.
    const parts = this.#options.manifest.shards
      .filter((shard) => shard.layers.start < layers.end && layers.start < shard.layers.end)
      .map(({ index, layers: { start, end } }) => ({
        index,
        layers: { start: Math.max(start, layers.start), end: Math.min(end, layers.end) },
      }));
    return this.#plan(parts, lost, UNSEEN_MS, patience);
  }

  /** @param unheardMs - how long somebody may have the layers, or be willing, whom nobody here has heard of yet */
  async #plan(
    shards: readonly RouteShard[],
    lost: ReadonlySet<string>,
    unheardMs: number,
    { signal, onWait, recruits = true, avoid = NOBODY }: Patience,
  ): Promise<readonly RouteStage[]> {
    const startedAtMs = performance.now();
    let told = false;
    try {
      for (;;) {
        signal?.throwIfAborted();
        const waitedMs = performance.now() - startedAtMs;
        let plan = this.#planNow(shards, lost, avoid);
        if (!plan.stages && waitedMs > RETURN_MS) plan = this.#planNow(shards, NOBODY, avoid);
        if (plan.stages) return plan.stages;
        const peerIds = this.#awaited(plan.missing, recruits);
        // As long as somebody brings them it waits: whoever asked sees it, and may stop.
        if (!peerIds && waitedMs > unheardMs) throw missingError(this.#options.manifest, plan.missing);
        const { layers } = this.#options.manifest.shards[plan.missing[0]!]!;
        onWait?.({ reason: 'shard', layers, peerIds: peerIds ?? [], waitedMs });
        told = true;
        await this.#nextChange();
      }
    } finally {
      if (told) onWait?.(undefined);
    }
  }

  /** Who brings the missing shards; undefined when one of them is on its way to nobody, and nobody is willing. */
  #awaited(missing: readonly number[], recruits: boolean): string[] | undefined {
    const { manifest, everybody, recruit } = this.#options;
    const { expected } = countHolders(manifest.shards.length, everybody());
    const bringing = new Set<string>();
    for (const shard of missing) {
      const asked = recruits && expected[shard] === 0 ? recruit(shard) : undefined;
      if (expected[shard] === 0 && !asked) return undefined;
      if (asked) bringing.add(asked);
    }
    for (const { peerId, pending } of everybody())
      if (peerId && missing.some((shard) => pending.includes(shard))) bringing.add(peerId);
    return [...bringing];
  }

  #planNow(shards: readonly RouteShard[], lost: ReadonlySet<string>, avoid: ReadonlySet<string>): RoutePlan {
    const { coordinator, candidates, records } = this.#options;
    const unseen = this.#unseenSessions();
    const everybody = goingAround(
      avoid,
      candidates().filter(({ peerId }) => !lost.has(peerId)),
    );
    const present = everybody.map((candidate) => ({
      ...candidate,
      layersPerSecond: believedSpeed(candidate, records, coordinator, this.#curious),
      sessions: candidate.sessions + (unseen.get(candidate.peerId) ?? 0),
    }));
    const rested = present.filter(({ peerId }) => !records.rests(peerId));
    let plan = planRoute(shards, rested, coordinator);
    // Who has failed is better than nobody.
    if (!plan.stages && rested.length < present.length) plan = planRoute(shards, present, coordinator);
    if (!plan.stages) return plan;
    const stages = balanceCuts(plan.stages, shards, (peerId) => {
      const candidate = present.find((other) => other.peerId === peerId)!;
      return { ready: candidate.ready, layerMs: layerCostMs(candidate, coordinator) };
    });
    const atMs = performance.now();
    this.#chosen.push(...stages.map(({ peerId }) => ({ peerId, atMs })));
    return { stages };
  }

  /** By peer: sessions of this tab that the peer's presence does not count yet. */
  #unseenSessions(): Map<string, number> {
    const oldestMs = performance.now() - UNSEEN_MS;
    this.#chosen = this.#chosen.filter(({ atMs }) => atMs >= oldestMs);
    const counts = new Map<string, number>();
    for (const { peerId } of this.#chosen) counts.set(peerId, (counts.get(peerId) ?? 0) + 1);
    return counts;
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

/** Leaves to those that are avoided what nobody else serves. */
function goingAround(avoid: ReadonlySet<string>, candidates: readonly RouteCandidate[]): readonly RouteCandidate[] {
  if (avoid.size === 0) return candidates;
  const elsewhere = new Set(candidates.filter(({ peerId }) => !avoid.has(peerId)).flatMap(({ ready }) => ready));
  return candidates.map((candidate) =>
    avoid.has(candidate.peerId)
      ? { ...candidate, ready: candidate.ready.filter((shard) => !elsewhere.has(shard)) }
      : candidate,
  );
}

function missingError(manifest: Manifest, missing: readonly number[]): ShoalError {
  const names = missing.map((index) => `shard ${index} (layers ${formatLayers(manifest.shards[index]!.layers)})`);
  return new ShoalError(
    'shard-missing',
    `Nobody serves ${names.join(', ')}. Join with it here, or share the invite link.`,
  );
}
