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
  #open: { readonly startedAtMs: number; wait: Wait } | undefined;

  get rows(): ReadonlySignal<readonly TimelineRow[]> {
    return this.#rows;
  }

  add(event: TimelineEvent): void {
    const row = { id: this.#nextId++, timeMs: Date.now(), event };
    this.#rows.value = [row, ...this.#rows.value].slice(0, MAX_ROWS);
  }

  /** An answer waits; told again and again while it does. One that waits for something else has had the first. */
  waits(wait: Wait): void {
    if (this.#open && subject(this.#open.wait) !== subject(wait)) this.waited('served');
    const waitedMs = wait.reason === 'shard' ? wait.waitedMs : 0;
    this.#open ??= { startedAtMs: performance.now() - waitedMs, wait };
    this.#open.wait = wait;
  }

  /** The wait is over; a row tells of it. */
  waited(outcome: 'served' | 'given-up'): void {
    if (!this.#open) return;
    const { startedAtMs, wait } = this.#open;
    this.#open = undefined;
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
