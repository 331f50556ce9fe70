import { ShoalError } from '../../core/errors.ts';
import type { LayerRange } from '../../core/ranges.ts';
import { MAX_QUEUED_BYTES, MAX_QUEUED_TASKS, MAX_QUEUED_TASKS_PER_PEER } from '../../protocol/limits.ts';
import { batchSize } from './batch-size.ts';
import { FairRing } from './fair-ring.ts';

/** A session that decodes comes by many times in this time, also in a slow swarm. */
const DECODING_MS = 2000;

export interface QueueLimits {
  readonly tasks: number;
  /** Of one coordinator. */
  readonly tasksPerPeer: number;
  readonly bytes: number;
}

const LIMITS: QueueLimits = {
  tasks: MAX_QUEUED_TASKS,
  tasksPerPeer: MAX_QUEUED_TASKS_PER_PEER,
  bytes: MAX_QUEUED_BYTES,
};

/** What the queue must know of a task. */
export interface QueuedTask {
  /** Positions: one is a decode, more are a part of a prompt. */
  readonly tokens: number;
  /** Memory that it takes while it waits. */
  readonly bytes: number;
}

/** Begins something else that must keep its place among a lane's tasks. */
type Errand = () => void;

/** The tasks of one place of a session, in the order of their arrival: one runs at a time. */
export class Lane<Task extends QueuedTask> {
  readonly coordinator: string;
  readonly layers: LayerRange;
  readonly waiting: (Task | Errand)[] = [];
  /** A task or an errand of it is under way. */
  busy = false;
  /** Its head waits for a turn. */
  ready = false;
  /** When its first task came to the head, counted in tasks. */
  readySince = 0;
  decodedAtMs = Number.NEGATIVE_INFINITY;

  constructor(coordinator: string, layers: LayerRange) {
    this.coordinator = coordinator;
    this.layers = layers;
  }
}

/** Tasks that one device is to run now, in one call. */
export type Batch<Task extends QueuedTask> = readonly { readonly lane: Lane<Task>; readonly task: Task }[];

/**
 * The tasks that wait for one device. Decodes of different sessions go together. Turns go round the coordinators, and
 * for each round its sessions, so that nobody gets more by asking more. Decodes and parts of prompts wait apart: a
 * decode waits for one part of a prompt at most, a part of a prompt for the decodes that were there before.
 */
export class TaskQueue<Task extends QueuedTask> {
  readonly #layerCount: number;
  readonly #limits: QueueLimits;
  readonly #decodes = new FairRing<Lane<Task>>();
  readonly #prefills = new FairRing<Lane<Task>>();
  /** Lanes that decoded of late. */
  readonly #decoding = new Set<Lane<Task>>();
  readonly #perPeer = new Map<string, number>();
  #length = 0;
  #bytes = 0;
  #arrivals = 0;
  /** Decodes that were ready before this go before the next part of a prompt. */
  #firstLater = 0;
  #ranPrefill = false;

  /** @param layerCount - L */
  constructor(layerCount: number, limits: Partial<QueueLimits> = {}) {
    this.#layerCount = layerCount;
    this.#limits = { ...LIMITS, ...limits };
  }

  /** Tasks that wait. */
  get length(): number {
    return this.#length;
  }

  get full(): boolean {
    return this.#length >= this.#limits.tasks || this.#bytes >= this.#limits.bytes;
  }

  /** @throws ShoalError `busy` */
  push(lane: Lane<Task>, task: Task): void {
    const { tasksPerPeer, bytes } = this.#limits;
    const own = this.#perPeer.get(lane.coordinator) ?? 0;
    if (this.full || own >= tasksPerPeer || (this.#length > 0 && this.#bytes + task.bytes > bytes)) {
      throw new ShoalError(
        'busy',
        `This node has ${this.#length} tasks waiting, ${own} of them yours. Try again later, or choose another node.`,
      );
    }
    this.#perPeer.set(lane.coordinator, own + 1);
    this.#length++;
    this.#bytes += task.bytes;
    lane.waiting.push(task);
    this.#advance(lane);
  }

  /** Runs the errand after the lane's earlier tasks and before its later ones. */
  async run<Result>(lane: Lane<Task>, errand: () => Promise<Result>): Promise<Result> {
    await new Promise<void>((begin) => {
      lane.waiting.push(begin);
      this.#advance(lane);
    });
    try {
      return await errand();
    } finally {
      // Before whoever waits for the errand goes on: what waits behind it must be there to be taken.
      this.finish(lane);
    }
  }

  /** What is to run now, if anything. Each of its lanes is busy until `finish`. */
  take(nowMs: number): Batch<Task> {
    if (this.#ranPrefill) {
      this.#ranPrefill = false;
      this.#firstLater = this.#arrivals;
    }
    const overdue = this.#decodes.entries().some(({ readySince }) => readySince < this.#firstLater);
    const prefill = overdue ? undefined : this.#prefills.take();
    if (prefill) {
      this.#ranPrefill = true;
      return [this.#start(prefill)];
    }
    return this.#takeDecodes(nowMs);
  }

  /** The lane's task is done and handed on: its next may run. */
  finish(lane: Lane<Task>): void {
    lane.busy = false;
    this.#advance(lane);
  }

  /** Takes back those of a lane's waiting tasks that are void. */
  drop(lane: Lane<Task>, isVoid: (task: Task) => boolean): void {
    this.#decodes.delete(lane.coordinator, lane);
    this.#prefills.delete(lane.coordinator, lane);
    lane.ready = false;
    for (const entry of lane.waiting.splice(0)) {
      if (typeof entry !== 'function' && isVoid(entry)) this.#forget(lane, entry);
      else lane.waiting.push(entry);
    }
    this.#advance(lane);
  }

  #takeDecodes(nowMs: number): Batch<Task> {
    const first = this.#decodes.take();
    if (!first) return [];
    const { start, end } = first.layers;
    const fits = ({ layers }: Lane<Task>) => layers.start === start && layers.end === end;
    for (const lane of this.#decoding) if (nowMs - lane.decodedAtMs > DECODING_MS) this.#decoding.delete(lane);
    const waiting = [first, ...this.#decodes.entries().filter(fits)];
    for (const lane of waiting) this.#decoding.add(lane);
    const sessions = [...this.#decoding].filter(fits).length;
    const size = batchSize(waiting.length, sessions, (end - start) / this.#layerCount);
    const lanes = [first];
    while (lanes.length < size) lanes.push(this.#decodes.take(fits)!);
    for (const lane of lanes) lane.decodedAtMs = nowMs;
    return lanes.map((lane) => this.#start(lane));
  }

  #start(lane: Lane<Task>): Batch<Task>[number] {
    const task = lane.waiting.shift() as Task;
    lane.ready = false;
    lane.busy = true;
    this.#forget(lane, task);
    return { lane, task };
  }

  /** Brings what is at the lane's head to where it waits for its turn; an errand has its turn at once. */
  #advance(lane: Lane<Task>): void {
    const head = lane.waiting[0];
    if (lane.busy || lane.ready || head === undefined) return;
    if (typeof head === 'function') {
      lane.waiting.shift();
      lane.busy = true;
      head();
      return;
    }
    const ring = head.tokens === 1 ? this.#decodes : this.#prefills;
    lane.ready = true;
    lane.readySince = this.#arrivals++;
    ring.add(lane.coordinator, lane);
  }

  #forget({ coordinator }: Lane<Task>, { bytes }: Task): void {
    const own = this.#perPeer.get(coordinator)! - 1;
    if (own > 0) this.#perPeer.set(coordinator, own);
    else this.#perPeer.delete(coordinator);
    this.#length--;
    this.#bytes -= bytes;
  }
}
