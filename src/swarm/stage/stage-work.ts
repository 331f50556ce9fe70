import { ShoalError } from '../../core/errors.ts';
import type { LayerRunner, StageOutput, StageTask, TaskResult } from '../../engine/layer-runner.ts';
import { DeviceWatch } from './device-watch.ts';
import { type Batch, type Lane, type QueuedTask, type QueueLimits, TaskQueue } from './task-queue.ts';

/** A task of a place of a session, and what to do with its output. */
export interface Work extends QueuedTask {
  /** Its number in the session. */
  readonly task: number;
  readonly stage: StageTask;
  /** Of another tab's session. */
  readonly forOthers: boolean;
  /**
   * Hands the output on; the place's next task waits for that.
   * @param together - tasks that were computed in the same call
   */
  done(output: StageOutput, together: number): Promise<void>;
  failed(error: ShoalError): Promise<void>;
}

/** A place's tasks. */
export type WorkLane = Lane<Work>;

/** Runs what the sessions of a node have to do on its runner, a batch at a time. */
export class StageWork {
  readonly #queue: TaskQueue<Work>;
  /** What the device is at, and whether it stands still. */
  readonly watch: DeviceWatch;
  readonly #rest: (computeMs: number) => number;
  #runner: LayerRunner | undefined;
  #running = 0;
  /** Ends the batch that runs, if it does. */
  #abandon = () => {};

  /**
   * @param layerCount - L
   * @param loading - whether the device may be busy with weights instead
   * @param rest - how long it rests after so much computing for others, ms
   */
  constructor(
    layerCount: number,
    limits?: Partial<QueueLimits>,
    loading: () => boolean = () => false,
    rest: (computeMs: number) => number = () => 0,
  ) {
    this.#rest = rest;
    this.#queue = new TaskQueue(layerCount, limits);
    this.watch = new DeviceWatch(loading);
  }

  /** Tasks that wait or run. */
  get length(): number {
    return this.#queue.length + this.#running;
  }

  get full(): boolean {
    return this.#queue.full;
  }

  /** What ran on the one before is over. */
  useRunner(runner: LayerRunner | undefined): void {
    this.#runner = runner;
    this.#abandon();
    this.watch.renew();
  }

  /** @throws ShoalError `busy` */
  push(lane: WorkLane, work: Work): void {
    this.#queue.push(lane, work);
    void this.#work();
  }

  /** Runs the errand after the lane's earlier tasks and before its later ones. */
  async run<Result>(lane: WorkLane, errand: () => Promise<Result>): Promise<Result> {
    try {
      return await this.#queue.run(lane, errand);
    } finally {
      void this.#work();
    }
  }

  /** Takes back the lane's waiting tasks before this one. */
  dropBefore(lane: WorkLane, firstTask: number): void {
    this.#queue.drop(lane, ({ task }) => task < firstTask);
  }

  async #work(): Promise<void> {
    if (this.#running > 0) return;
    for (;;) {
      const batch = this.#queue.take(performance.now());
      this.#running = batch.length;
      if (batch.length === 0) return;
      const [{ lane, task }] = batch as [Batch<Work>[number]];
      this.watch.begin(lane.layers, task.tokens);
      const results = await this.#compute(batch);
      for (const [index, { lane, task }] of batch.entries()) {
        void settle(task, results[index]!, batch.length).finally(() => {
          this.#queue.finish(lane);
          void this.#work();
        });
      }
      // To those who ask it is part of what the device takes.
      const pauseMs = batch.some(({ task }) => task.forOthers) ? this.#rest(computeMsOf(results)) : 0;
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      this.watch.end();
    }
  }

  async #compute(batch: Batch<Work>): Promise<readonly TaskResult[]> {
    try {
      if (!this.#runner) throw new ShoalError('shard-not-loaded', 'This node has no shard loaded.');
      const { promise, resolve, reject } = Promise.withResolvers<readonly TaskResult[]>();
      // A device that was given up does not even fail.
      this.#abandon = () => reject(new ShoalError('gpu-lost', 'The device was lost.'));
      this.#runner.executeBatch(batch.map(({ task }) => task.stage)).then(resolve, reject);
      return await promise;
    } catch (thrown) {
      const error = ShoalError.from(thrown).toWire();
      return batch.map(() => ({ error }));
    }
  }
}

/** Tasks of one call have the same. */
function computeMsOf(results: readonly TaskResult[]): number {
  return Math.max(0, ...results.map((result) => ('error' in result ? 0 : result.computeMs)));
}

async function settle(task: Work, result: TaskResult, together: number): Promise<void> {
  if ('error' in result) await task.failed(ShoalError.fromWire(result.error));
  else await task.done(result, together).catch((error: unknown) => task.failed(ShoalError.from(error)));
}
