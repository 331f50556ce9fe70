import { commonLength } from '../../core/common-length.ts';
import { ShoalError } from '../../core/errors.ts';
import { Emitter, type Unsubscribe } from '../../core/events.ts';
import type { Candidates } from '../../protocol/frames.ts';
import type { Patience } from '../route/route-planner.ts';
import { pause } from './find-places.ts';
import { HandOver } from './hand-over.ts';
import type { KeptConversation } from './kept-conversation.ts';
import { type Lie, lieText } from './lie.ts';
import { Pipeline } from './pipeline.ts';
import { type RepairOptions, repairPipeline } from './repair.ts';
import type { Restoring } from './restoring.ts';
import { logRouteEvent, type RouteEvent } from './route-event.ts';

/** A conversation's KV caches along a route, and the tokens they hold. */
export interface Conversation {
  pipeline: Pipeline;
  readonly ids: number[];
  /** What the last stage gave, by position: to be checked. */
  readonly given: Map<number, Candidates>;
  /** What its stages have of it in their storage. */
  kept: KeptConversation | undefined;
  /** Moves it away from nodes that are about to leave. */
  handOver: HandOver | undefined;
  /** Since when its answer waits for it to be mended, however often, `performance.now()`; undefined while laps come round. */
  stillSinceMs: number | undefined;
}

export interface ConversationsOptions extends RepairOptions {
  /** Nodes that go as soon as no session needs them. */
  readonly leaving: () => ReadonlySet<string>;
  /** Whether a conversation is answering: none such is given up for another. */
  readonly isBusy: (key: string) => boolean;
  /** Whether other nodes compute again by chance what nodes have computed; asked for each session, and after each answer. */
  readonly checks: () => boolean;
}

/** Where tasks that found no room stand, about: they do not wait in order, but some go every second. */
const TASK_QUEUE = { place: 1, seconds: 1 };
/** Conversations whose KV caches are kept: each holds memory at every stage of its route. */
const MAX_CONVERSATIONS = 4;

/** Spares may be gone as well by the time that they are asked: so many repairs before all is sent again. */
const MAX_REPAIRS = 3;
/** How it shows that somebody is gone who was there a moment ago; the next repair leaves him out. */
const GONE = new Set(['peer-gone', 'peer-unreachable']);

/** The conversations of one coordinator, each kept on a route that works. */
export class Conversations {
  readonly #options: ConversationsOptions;
  readonly #kept = new Map<string, Conversation>();
  readonly #events = new Emitter<{ route: RouteEvent }>();

  constructor(options: ConversationsOptions) {
    this.#options = options;
  }

  /** What happens to routes. */
  onRoute(listener: (event: RouteEvent) => void): Unsubscribe {
    return this.#events.on('route', listener);
  }

  get(key: string): Conversation | undefined {
    return this.#kept.get(key);
  }

  /** An answer begins: nobody has waited for what was mended before it. */
  begin(key: string): void {
    const kept = this.#kept.get(key);
    if (!kept) return;
    kept.stillSinceMs = undefined;
    // The last in turn to be given up.
    this.#kept.delete(key);
    this.#kept.set(key, kept);
  }

  /**
   * The conversation as it was kept, or a new one along the fastest route.
   * @param ids - the tokens that it goes on from: nothing else is rebuilt
   * @param restoring - what an earlier session's stages have kept of it
   * @throws ShoalError `shard-missing` naming the layers nobody serves; as the stages answer; `aborted`
   */
  async open(
    key: string,
    ids: readonly number[],
    patience: Patience = {},
    restoring?: Restoring,
  ): Promise<Conversation> {
    if (this.#kept.get(key)?.pipeline.broken) await this.mend(key, ids, patience);
    const kept = this.#kept.get(key);
    if (kept) return kept;
    if (this.#kept.size >= MAX_CONVERSATIONS) await this.#giveUpIdle();
    const { routes, maxTokens, checks, wire } = this.#options;
    const avoid = patience.avoid ?? (restoring && routes.allBut(restoring.peers));
    const plan = (full: ReadonlySet<string>) => routes.planRoute({ ...patience, avoid }, full);
    const servedWithout = (full: ReadonlySet<string>) => routes.isServed(full);
    // What was rounded on its way is not the same on another.
    const hashes = checks() && (wire?.() ?? 'f32') === 'f32';
    const wanted = { maxTokens, plan, servedWithout, hashes, restoring };
    const pipeline = await Pipeline.open(this.#options, wanted, this.#makingRoom(patience));
    const conversation: Conversation = {
      ...{ pipeline, ids: [], given: new Map<number, Candidates>() },
      ...{ handOver: undefined, stillSinceMs: undefined, kept: undefined },
    };
    await restoring?.takeUp(conversation, patience.signal);
    this.#kept.set(key, conversation);
    return conversation;
  }

  /**
   * A node of the conversation's route had no room for a task: goes on with another copy of its layers, or after a while
   * with the same.
   */
  async makeWay(key: string, ids: readonly number[], patience: Patience): Promise<void> {
    const conversation = this.#kept.get(key);
    if (conversation) conversation.stillSinceMs ??= performance.now();
    const full = conversation?.pipeline.full;
    if (full && this.#options.routes.isServed(full)) return this.mend(key, ids, patience, full);
    this.#makingRoom(patience).onWait?.({ reason: 'queue', ...TASK_QUEUE });
    await pause(TASK_QUEUE, 0, patience.signal).catch(() => undefined);
    patience.onWait?.(undefined);
    await this.mend(key, ids, patience);
  }

  /**
   * Rebuilds the lost stages of a conversation's route, or forgets it, so that it is built anew on another.
   * @param ids - the tokens that it goes on from
   */
  async mend(key: string, ids: readonly number[], patience: Patience = {}, full?: ReadonlySet<string>): Promise<void> {
    const conversation = this.#kept.get(key);
    if (!conversation) return;
    this.#abandonHandOver(conversation);
    const { pipeline: broken, ids: held } = conversation;
    conversation.stillSinceMs ??= performance.now();
    const standing = { broken, ids: held, sinceMs: conversation.stillSinceMs };
    // What is not wanted any more is not rebuilt: it could not be taken back before it is there.
    held.length = Math.min(reusedLength(held, ids), broken.confirmed);
    for (let repairs = 1; ; repairs++) {
      try {
        const { pipeline, events } = await repairPipeline(this.#options, standing, patience, full);
        conversation.pipeline = pipeline;
        for (const event of events) this.tell(event);
        return;
      } catch (thrown) {
        const error = ShoalError.from(thrown);
        if (GONE.has(error.code) && repairs < MAX_REPAIRS) continue;
        await this.forget(key);
        if (error.code !== 'aborted') this.tell({ kind: 'resent', code: error.code, why: error.message });
        return;
      }
    }
  }

  /** Called between two laps: follows nodes that are about to leave to their successors. */
  async move(conversation: Conversation): Promise<void> {
    const { pipeline, ids, handOver } = conversation;
    if (handOver?.state === 'filled') {
      conversation.handOver = undefined;
      try {
        const { pipeline: moved, events } = await handOver.finish();
        conversation.pipeline = moved;
        for (const event of events) this.tell(event);
      } catch {
        handOver.abandon();
      }
      return;
    }
    const leaving = this.#options.leaving();
    const affected = pipeline.route.some(({ peerId }) => leaving.has(peerId));
    // One that failed is not tried again for the same nodes: they are there until they go.
    const known = handOver && [...leaving].every((peerId) => handOver.leaving.has(peerId));
    if (!affected || known) return;
    this.#abandonHandOver(conversation);
    conversation.handOver = new HandOver(this.#options, pipeline, ids, new Set(leaving));
  }

  /** Rolls a conversation back to its first `position` tokens, or to fewer: `ids` says which are left. */
  async truncate(conversation: Conversation, position: number, signal?: AbortSignal): Promise<void> {
    if (position < conversation.pipeline.length) {
      // What successors were sent may be what is taken back.
      this.#abandonHandOver(conversation);
      await conversation.pipeline.truncate(position, signal);
    }
    conversation.ids.length = Math.min(position, conversation.pipeline.length);
    for (const given of conversation.given.keys())
      if (given >= conversation.ids.length) conversation.given.delete(given);
  }

  /** Gives a conversation's KV caches back. */
  async forget(key: string): Promise<void> {
    const conversation = this.#kept.get(key);
    if (!conversation) return;
    this.#kept.delete(key);
    this.#abandonHandOver(conversation);
    await conversation.pipeline.close();
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#kept.keys()].map((key) => this.forget(key)));
  }

  /** Nodes may be full of this tab's own conversations: as long as one waits, those that rest give way. */
  #makingRoom(patience: Patience): Patience {
    return {
      ...patience,
      onWait: (wait) => {
        if (wait?.reason === 'queue') void this.#giveUpIdle();
        patience.onWait?.(wait);
      },
    };
  }

  /** The one that was asked longest ago. */
  async #giveUpIdle(): Promise<void> {
    const idle = [...this.#kept.keys()].find((key) => !this.#options.isBusy(key));
    if (idle !== undefined) await this.forget(idle);
  }

  #abandonHandOver(conversation: Conversation): void {
    conversation.handOver?.abandon();
    conversation.handOver = undefined;
  }

  /** A node is not to be trusted: no conversation goes on through it. */
  leaveOut(peerId: string, lie: Lie): void {
    this.tell({ kind: 'expelled', peerId, lie, why: lieText(lie) });
    for (const { pipeline } of this.#kept.values()) pipeline.expel(peerId);
  }

  /** Something happened to a route. */
  tell(event: RouteEvent): void {
    logRouteEvent(event);
    this.#events.emit('route', event);
  }
}

/** How many of the cached tokens `ids` can go on from. The last is always run: its row is what the next is drawn from. */
export function reusedLength(cached: readonly number[], ids: readonly number[]): number {
  return commonLength(cached, ids, ids.length - 1);
}
