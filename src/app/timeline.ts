import { type ReadonlySignal, signal } from '@preact/signals';
import type { Wait } from '../swarm/route/wait.ts';
import type { TimelineEvent, TimelineRow } from './app-model.ts';

/** Enough for a bad day of one conversation; older rows are in the log. */
const MAX_ROWS = 50;
/** A shorter wait is no news, unless somebody fetched layers for it: the next node of a queue is asked at once. */
const MIN_WAIT_MS = 500;

/** What the answers of this tab meet on their way, the newest first. */
export class Timeline {
  readonly #rows = signal<readonly TimelineRow[]>([]);
  #nextId = 0;
  /** By answer: what it waits for now. */
  readonly #open = new Map<unknown, { readonly startedAtMs: number; readonly wait: Wait }>();

  get rows(): ReadonlySignal<readonly TimelineRow[]> {
    return this.#rows;
  }

  add(event: TimelineEvent): void {
    const row = { id: this.#nextId++, timeMs: Date.now(), event };
    this.#rows.value = [row, ...this.#rows.value].slice(0, MAX_ROWS);
  }

  /**
   * An answer waits; told again and again while it does. One that waits for something else has had the first.
   * @param answer - tells those that are made at the same time apart
   */
  waits(answer: unknown, wait: Wait): void {
    const before = this.#open.get(answer);
    if (before && subject(before.wait) !== subject(wait)) this.waited(answer, 'served');
    const waitedMs = wait.reason === 'shard' ? wait.waitedMs : 0;
    const startedAtMs = this.#open.get(answer)?.startedAtMs ?? performance.now() - waitedMs;
    this.#open.set(answer, { startedAtMs, wait });
  }

  /** The wait is over; a row tells of it. */
  waited(answer: unknown, outcome: 'served' | 'given-up'): void {
    const open = this.#open.get(answer);
    if (!open) return;
    this.#open.delete(answer);
    const { startedAtMs, wait } = open;
    const waitedMs = performance.now() - startedAtMs;
    const fetched = wait.reason === 'shard' && wait.peerIds.length > 0;
    if (waitedMs < MIN_WAIT_MS && !fetched) return;
    if (wait.reason === 'queue') this.add({ kind: 'queued', waitedMs, outcome });
    else this.add({ kind: 'waited', layers: wait.layers, peerIds: wait.peerIds, waitedMs, outcome });
  }
}

function subject(wait: Wait): string {
  return wait.reason === 'queue' ? 'queue' : `${wait.layers.start}-${wait.layers.end}`;
}
