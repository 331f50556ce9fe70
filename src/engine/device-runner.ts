import { PAGE_TOKENS, pageBytesIn, rangePageBytes } from '../blocks/kv-layout.ts';
import { layerStateBytes } from '../blocks/state-layout.ts';
import { ShoalError, type WireError } from '../core/errors.ts';
import { type LayerRange, layersIn } from '../core/ranges.ts';
import type { Hyperparameters } from '../model/hyperparameters.ts';
import type { ShardReader } from '../store/shard-store.ts';
import { type CheckedTask, planPasses } from './batch.ts';
import { checkTask } from './check-task.ts';
import { unsoundOutput } from './finite.ts';
import type { LayerRunner, RunnerInfo, SessionOptions, StageOutput, StageTask, TaskResult } from './layer-runner.ts';
import { pagesFor, type Session } from './session.ts';
import type { PageRange, SessionPages, StateBytes } from './session-pages.ts';
import { checkLayersLoaded, type PageMemory, SessionTable } from './session-table.ts';
import { loadShardWeights } from './shard-loader.ts';
import { TaskQueue } from './task-queue.ts';
import type { LoadOptions } from './tensor-reader.ts';
import type { ShardWeights, WeightLoader } from './weights.ts';

/** What computes, and can be lost. */
export interface RunnerDevice {
  /** Resolves with the reason when it is lost, or destroyed. */
  readonly lost: Promise<string>;
  destroy(): void;
}

/** The loaded shards on a device. */
export interface DeviceModel<Vector, Matrix> {
  /** Ascending. */
  readonly shardIndexes: readonly number[];
  has(shard: number): boolean;
  hasLayer(layer: number): boolean;
  /** @throws ShoalError `out-of-memory` */
  add(index: number, range: LayerRange, weights: ShardWeights<Vector, Matrix>): void | Promise<void>;
  /** @returns the layers that are no longer there */
  remove(index: number): LayerRange | undefined;
}

/** Runs tasks that were checked. */
export interface DeviceExecutor {
  /**
   * Takes the KV pages that the session lacks for `length` positions, and room for its next state.
   * @throws ShoalError `out-of-memory` when the KV cache is full
   */
  reserve(session: Session, length: number): void | Promise<void>;
  /** One pass: a task of any length, or several as `planPasses` puts them together. Outputs in the order of the tasks. */
  execute(tasks: readonly CheckedTask[]): StageOutput[] | Promise<StageOutput[]>;
}

/** The parts that a kind of runner is made of. */
export interface RunnerParts<Vector, Matrix> {
  readonly info: RunnerInfo;
  readonly hyperparameters: Hyperparameters;
  readonly device: RunnerDevice;
  /** KV pages. */
  readonly cache: PageMemory;
  /** States of layers that have one, a page each; absent where none has. */
  readonly states?: PageMemory | undefined;
  readonly model: DeviceModel<Vector, Matrix>;
  readonly executor: DeviceExecutor;
  createLoader(reader: ShardReader, options: LoadOptions): WeightLoader<Vector, Matrix>;
}

/** A runner on any device: calls in turn, sessions, checked tasks, and what is said when the device is gone. */
export class DeviceRunner<Vector, Matrix> implements LayerRunner, SessionPages {
  readonly lost: Promise<string>;
  readonly #parts: RunnerParts<Vector, Matrix>;
  readonly #sessions: SessionTable;
  readonly #queue = new TaskQueue();
  #lostReason: string | undefined;
  #closed = false;

  constructor(parts: RunnerParts<Vector, Matrix>) {
    this.#parts = parts;
    this.#sessions = new SessionTable(parts.cache, parts.states, parts.hyperparameters.contextLength);
    this.lost = new Promise((resolve) => {
      void parts.device.lost.then((reason) => {
        this.#lostReason = reason;
        if (!this.#closed) resolve(reason);
      });
    });
  }

  get info(): RunnerInfo {
    return this.#parts.info;
  }

  get hyperparameters(): Hyperparameters {
    return this.#parts.hyperparameters;
  }

  loadedShards(): readonly number[] {
    return this.#parts.model.shardIndexes;
  }

  loadShard(reader: ShardReader, options: LoadOptions = {}): Promise<void> {
    const { index, layers } = reader.shard;
    const { model } = this.#parts;
    return this.#run(async () => {
      if (model.has(index)) return;
      const loader = this.#parts.createLoader(reader, options);
      const weights = await loadShardWeights(this.hyperparameters, reader, loader);
      try {
        await model.add(index, layers, weights);
      } catch (error) {
        weights.destroy();
        throw error;
      }
    });
  }

  unloadShard(index: number): Promise<void> {
    return this.#run(async () => {
      const gone = this.#parts.model.remove(index);
      if (gone) this.#sessions.closeTouching(gone);
    });
  }

  openSession(options: SessionOptions): Promise<void> {
    return this.#run(async () => {
      checkLayersLoaded(options.layers, (layer) => this.#parts.model.hasLayer(layer));
      this.#sessions.open(options);
    });
  }

  truncateSession(session: string, position: number): Promise<number> {
    return this.#run(async () => this.#sessions.truncate(session, position));
  }

  closeSession(session: string): Promise<void> {
    return this.#run(async () => this.#sessions.close(session));
  }

  async execute(task: StageTask): Promise<StageOutput> {
    const [result] = await this.executeBatch([task]);
    if ('error' in result!) throw ShoalError.fromWire(result.error);
    return result!;
  }

  executeBatch(tasks: readonly StageTask[]): Promise<readonly TaskResult[]> {
    return this.#run(async () => {
      const results: TaskResult[] = [];
      for (const pass of planPasses(tasks, this.hyperparameters.width)) results.push(...(await this.#runPass(pass)));
      return results;
    });
  }

  readPages(id: string, { start, end }: PageRange): Promise<Uint8Array<ArrayBuffer>> {
    return this.#run(async () => {
      const session = this.#sessions.get(id);
      if (!(0 <= start && start < end && end <= pagesFor(session.length)))
        throw new ShoalError(
          'bad-request',
          `Session ${id} of ${session.length} tokens has no pages [${start}, ${end}).`,
        );
      return this.#parts.cache.read(layersIn(session.layers), session.pages.slice(start, end));
    });
  }

  writePages(id: string, start: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    return this.#run(async () => {
      const session = this.#sessions.get(id);
      const count = bytes.length / rangePageBytes(this.hyperparameters, session.layers);
      const end = start + count;
      if (session.length > 0 || !Number.isInteger(count) || end > pagesFor(session.maxTokens))
        throw new ShoalError('bad-request', `Session ${id} takes no ${bytes.length} bytes from page ${start} on.`);
      await this.#parts.executor.reserve(session, end * PAGE_TOKENS);
      this.#parts.cache.write(layersIn(session.layers), session.pages.slice(start, end), bytes);
    });
  }

  readStates(id: string, length: number): Promise<readonly StateBytes[] | undefined> {
    return this.#run(async () => {
      const { layers, states } = this.#sessions.get(id);
      const memory = this.#parts.states;
      if (!states || !memory) return undefined;
      const read: StateBytes[] = [];
      for (const { position, endsPrompt, slot } of states.lasting(length))
        read.push({ position, endsPrompt, bytes: await memory.read(layersIn(layers), [slot]) });
      return read;
    });
  }

  writeStates(id: string, states: readonly StateBytes[]): Promise<void> {
    return this.#run(async () => {
      const session = this.#sessions.get(id);
      const layers = layersIn(session.layers);
      const size = pageBytesIn(layers, layerStateBytes(this.hyperparameters));
      if (!session.states || session.length > 0 || states.some(({ bytes }) => bytes.length !== size))
        throw new ShoalError('bad-request', `Session ${id} takes no such states.`);
      for (const { position, endsPrompt, bytes } of states) {
        await this.#parts.executor.reserve(session, session.length);
        this.#parts.states?.write(layers, [session.states.next!], bytes);
        session.states.add({ position, endsPrompt });
      }
    });
  }

  resumeSession(id: string, length: number): Promise<void> {
    return this.#run(async () => {
      const session = this.#sessions.get(id);
      // Pages that hold nothing are not written.
      if (rangePageBytes(this.hyperparameters, session.layers) === 0)
        await this.#parts.executor.reserve(session, Math.min(length, session.maxTokens));
      this.#sessions.resume(id, length);
    });
  }

  freeTokens(): number {
    return this.#sessions.freeTokens;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#queue.run(async () => this.#parts.device.destroy());
  }

  async #runPass(tasks: readonly StageTask[]): Promise<TaskResult[]> {
    const checked: (CheckedTask | { readonly error: WireError })[] = [];
    for (const task of tasks) checked.push(await this.#check(task));
    const sound = checked.filter((entry) => 'task' in entry);
    const outputs = sound.length > 0 ? await this.#parts.executor.execute(sound) : [];
    const results = sound.map(({ task, session, tokens }, index): TaskResult => {
      const output = outputs[index]!;
      const error = unsoundOutput(output, task.layers);
      if (error) return { error: error.toWire() };
      this.#sessions.advance(session, tokens);
      return output;
    });
    return checked.map((entry) => ('task' in entry ? results[sound.indexOf(entry)]! : entry));
  }

  async #check(task: StageTask): Promise<CheckedTask | { readonly error: WireError }> {
    try {
      const session = this.#sessions.get(task.session);
      const tokens = checkTask(task, session, this.hyperparameters, this.info.maxTaskTokens);
      await this.#parts.executor.reserve(session, task.position + tokens);
      return { task, session, tokens };
    } catch (error) {
      if (error instanceof ShoalError) return { error: error.toWire() };
      throw error;
    }
  }

  /** In turn; a call that fails because the device is gone says so. */
  #run<Result>(call: () => Promise<Result>): Promise<Result> {
    return this.#queue.run(async () => {
      this.#checkDevice();
      try {
        return await call();
      } catch (error) {
        if (error instanceof ShoalError) throw error;
        // The loss is told after the calls that it breaks have failed.
        await Promise.race([this.#parts.device.lost, new Promise((resolve) => setTimeout(resolve, 0))]);
        this.#checkDevice();
        throw ShoalError.from(error);
      }
    });
  }

  #checkDevice(): void {
    if (this.#closed) throw new ShoalError('gpu-lost', 'The runner is closed.');
    if (this.#lostReason !== undefined)
      throw new ShoalError('gpu-lost', `The GPU was lost: ${this.#lostReason}. Load the shard again.`);
  }
}
