import { RopeAngles } from '../../blocks/rope-angles.ts';
import type { CpuKernels } from '../../cpu/kernels.ts';
import type { StatePlace } from '../../cpu/places.ts';
import type { Program } from '../../cpu/program.ts';
import { type Rows, rowsFrom } from '../../cpu/rows.ts';
import { modelHeads, modelRotations } from '../../model/architectures.ts';
import { widestHead } from '../../model/graph.ts';
import type { Hyperparameters } from '../../model/hyperparameters.ts';
import type { CandidateRequest, Candidates } from '../../protocol/frames.ts';
import { type CheckedTask, dealRows, rowRequests } from '../batch.ts';
import { maskLogits, topCandidates } from '../candidates.ts';
import type { DeviceExecutor } from '../device-runner.ts';
import { MAX_BATCH_TASKS, type StageOutput } from '../layer-runner.ts';
import { LOGIT_ROWS } from '../limits.ts';
import { pagesFor, type Session } from '../session.ts';
import { addLayer } from './layer.ts';
import type { CpuModel } from './model.ts';
import type { CpuPools } from './page-pool.ts';
import { ThreadChoice } from './thread-choice.ts';
import type { CpuWorkspace } from './workspace.ts';

/** Runs checked tasks: one program for the layers, two for every few rows of logits. */
export class CpuExecutor implements DeviceExecutor {
  readonly #kernels: CpuKernels;
  readonly #shape: Hyperparameters;
  readonly #workspace: CpuWorkspace;
  readonly #model: CpuModel;
  readonly #pools: CpuPools;
  readonly #program: Program;
  readonly #threads = new ThreadChoice();
  readonly #angles: RopeAngles;

  constructor(kernels: CpuKernels, shape: Hyperparameters, workspace: CpuWorkspace, model: CpuModel, pools: CpuPools) {
    this.#kernels = kernels;
    this.#shape = shape;
    this.#workspace = workspace;
    this.#model = model;
    this.#pools = pools;
    this.#program = kernels.createProgram();
    this.#angles = new RopeAngles(widestHead(modelHeads(shape)), modelRotations(shape));
  }

  reserve(session: Session, length: number): void {
    const missing = pagesFor(length) - session.pages.length;
    const { cache, states } = this.#pools;
    if (missing > 0) session.pages.push(...cache.take(missing));
    if (session.states && states) session.states.next ??= states.take(1)[0];
  }

  execute(batch: readonly CheckedTask[]): StageOutput[] {
    const startedAtMs = performance.now();
    const { layers, input, candidates } = batch[0]!.task;
    const tokens = batch.reduce((sum, entry) => sum + entry.tokens, 0);
    this.#writeInput(batch);
    const { slots, ids } = this.#workspace;
    const program = this.#program.reset();
    const { embeddingScale } = this.#shape;
    if (input.dtype === 'u32') program.embed(tokens, this.#model.embedding(), ids, slots.hidden);
    if (input.dtype === 'u32' && embeddingScale !== undefined) program.scale(tokens, slots.hidden, embeddingScale, 0);
    for (let layer = layers.start; layer < layers.end; layer++) {
      const caches = batch.map((entry, index) => ({
        tokens: entry.tokens,
        position: entry.task.position,
        pages: this.#pageTable(layer, index),
      }));
      const states = batch.map((entry) => this.#statePlace(layer, entry));
      const place = { model: this.#shape, workspace: this.#workspace, tokens, caches, states };
      addLayer(program, this.#model.layer(layer), place);
    }
    if (tokens > 1 || this.#kernels.threads === 1) this.#kernels.run(program);
    else this.#runShort(program, layers.end - layers.start);
    const outputs = candidates ? this.#chooseAll(batch, tokens) : this.#readHidden(batch);
    const computeMs = performance.now() - startedAtMs;
    return outputs.map((output) => ({ ...output, computeMs }));
  }

  /** Runs the layers of one position, by one thread or by all. */
  #runShort(program: Program, layerCount: number): void {
    const use = this.#threads.next();
    const startedAtMs = performance.now();
    if (use === 'alone') this.#kernels.runAlone(program);
    else this.#kernels.run(program);
    this.#threads.learn(use, (performance.now() - startedAtMs) / layerCount);
  }

  #writeInput(batch: readonly CheckedTask[]): void {
    const { memory } = this.#kernels;
    const { ids, angles, slots, maxPages } = this.#workspace;
    const { width } = this.#shape;
    let first = 0;
    for (const [index, { task, session, tokens }] of batch.entries()) {
      const turns = this.#angles.at(task.position, tokens);
      memory.floats(angles.address + first * angles.stride, turns.length).set(turns);
      for (let layer = task.layers.start; layer < task.layers.end; layer++) {
        const table = memory.words(this.#pageTable(layer, index), maxPages);
        for (const [at, page] of session.pages.entries()) table[at] = this.#pools.cache.address(layer, page);
      }
      const { input } = task;
      if (input.dtype === 'u32') memory.words(ids + first * 4, tokens).set(input.ids);
      else {
        for (let row = 0; row < tokens; row++)
          this.#row(slots.hidden, first + row).set(input.hidden.subarray(row * width, (row + 1) * width));
      }
      first += tokens;
    }
  }

  #readHidden(batch: readonly CheckedTask[]): Pick<StageOutput, 'hidden'>[] {
    const { width } = this.#shape;
    let row = 0;
    return batch.map(({ tokens }) => {
      const hidden = new Float32Array(tokens * width);
      for (let token = 0; token < tokens; token++)
        hidden.set(this.#row(this.#workspace.slots.hidden, row++), token * width);
      return { hidden };
    });
  }

  /** Candidates of the rows that are wanted, a few rows of hidden states at a time. */
  #chooseAll(batch: readonly CheckedTask[], tokens: number): Pick<StageOutput, 'rows'>[] {
    const requests = rowRequests(batch);
    const first = tokens - requests.length;
    const rows: Candidates[] = [];
    for (let at = 0; at < requests.length; at += LOGIT_ROWS)
      rows.push(...this.#choose(first + at, requests.slice(at, at + LOGIT_ROWS)));
    return dealRows(batch, rows);
  }

  #choose(first: number, requests: readonly CandidateRequest[]): Candidates[] {
    const count = requests.length;
    const { slots, quants, logits, summaries } = this.#workspace;
    const { hidden, normed } = slots;
    const { norm, matrix } = this.#model.output();
    const program = this.#program
      .reset()
      .norm(count, rowsFrom(hidden, first), norm, normed, this.#shape.rmsEpsilon, quants)
      .multiply(count, matrix, normed, quants, logits);
    const { logitScale = 1, logitCap = 0 } = this.#shape;
    if (logitScale !== 1 || logitCap !== 0) program.scale(count, logits, logitScale, logitCap);
    this.#kernels.run(program);
    const rows = requests.map((request, index) => ({ request, logits: this.#row(logits, index) }));
    const wanted = rows.map(({ request, logits }) => Float32Array.from(request.wantedIds, (id) => logits[id]!));
    for (const row of rows) maskLogits(row.logits, row.request);
    this.#kernels.run(program.reset().summarize(count, logits, summaries));
    const summary = this.#kernels.memory.floats(summaries, count * 2);
    return rows.map(({ request, logits }, index) => ({
      ...topCandidates(logits, request.count),
      // As it crosses the wire: a stage in the coordinator's own tab must say the very same number.
      logSumExp: Math.fround(summary[2 * index]! + Math.log(summary[2 * index + 1]!)),
      wantedLogits: wanted[index]!,
    }));
  }

  /** Of a session, by its place in the pass. */
  #pageTable(layer: number, session: number): number {
    const { pages, maxPages } = this.#workspace;
    return pages + (layer * MAX_BATCH_TASKS + session) * maxPages * 4;
  }

  #statePlace(layer: number, { session, tokens }: CheckedTask): StatePlace {
    const at = (slot: number | undefined) => (slot === undefined ? 0 : (this.#pools.states?.address(layer, slot) ?? 0));
    return { tokens, from: at(session.states?.current), to: at(session.states?.next) };
  }

  #row({ address, stride, width }: Rows, row: number): Float32Array {
    return this.#kernels.memory.floats(address + row * stride, width);
  }
}
