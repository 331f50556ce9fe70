import type { CpuKernels } from '../cpu/kernels.ts';
import type { CachePlace, Program } from '../cpu/program.ts';
import { type Rows, rowsFrom } from '../cpu/rows.ts';
import { ropeAngles } from '../gpu/rope-angles.ts';
import type { CandidateRequest, Candidates } from '../protocol/frames.ts';
import type { Hyperparameters } from '../protocol/manifest.ts';
import { maskLogits, topCandidates } from './candidates.ts';
import { wantedRows } from './check-task.ts';
import type { CpuKvPool } from './cpu-kv-pool.ts';
import type { CpuLayer, CpuModel } from './cpu-model.ts';
import type { CpuWorkspace } from './cpu-workspace.ts';
import type { StageOutput, StageTask } from './layer-runner.ts';
import { LOGIT_ROWS } from './limits.ts';
import { pagesFor, type Session } from './session.ts';

/** Operations of one layer at most. */
const LAYER_OPS = 16;

/** Runs checked tasks: one program for the layers, two for every few rows of logits. */
export class CpuExecutor {
  readonly #kernels: CpuKernels;
  readonly #shape: Hyperparameters;
  readonly #workspace: CpuWorkspace;
  readonly #model: CpuModel;
  readonly #pool: CpuKvPool;
  readonly #program: Program;

  constructor(kernels: CpuKernels, shape: Hyperparameters, workspace: CpuWorkspace, model: CpuModel, pool: CpuKvPool) {
    this.#kernels = kernels;
    this.#shape = shape;
    this.#workspace = workspace;
    this.#model = model;
    this.#pool = pool;
    this.#program = kernels.createProgram(1 + shape.layerCount * LAYER_OPS);
  }

  /**
   * @param tokens - T, the task's positions
   * @throws ShoalError `out-of-memory` when the KV cache is full
   */
  execute(task: StageTask, session: Session, tokens: number): StageOutput {
    const startedAtMs = performance.now();
    const { layers, position, candidates } = task;
    const missing = pagesFor(position + tokens) - session.pages.length;
    if (missing > 0) session.pages.push(...this.#pool.take(missing));
    this.#writeInput(task, session, tokens);
    const { hidden, ids } = this.#workspace;
    const program = this.#program.reset();
    if (task.input.dtype === 'u32') program.embed(tokens, this.#model.embedding(), ids, hidden);
    for (let layer = layers.start; layer < layers.end; layer++)
      this.#addLayer(program, tokens, this.#model.layer(layer), { position, pages: this.#pageTable(layer) });
    this.#kernels.run(program);
    const rows = wantedRows(task, tokens);
    const output = candidates ? { rows: this.#chooseAll(tokens - rows, tokens, candidates) } : this.#readHidden(tokens);
    session.length += tokens;
    return { ...output, computeMs: performance.now() - startedAtMs };
  }

  #addLayer(program: Program, tokens: number, weights: CpuLayer, cache: CachePlace): void {
    const { hidden, normed, qkv, attended, gateUp, gated, quants, angles } = this.#workspace;
    const { rmsEpsilon } = this.#shape;
    program
      .norm(tokens, hidden, weights.attnNorm, normed, rmsEpsilon, quants)
      .multiply(tokens, weights.qkv, normed, quants, qkv)
      .rope(tokens, qkv, angles, cache, this.#shape)
      .attend(tokens, qkv, cache, this.#shape, attended);
    if (quants) program.quantize(tokens, attended, quants);
    program
      .multiply(tokens, weights.attnOutput, attended, quants, hidden, true)
      .norm(tokens, hidden, weights.ffnNorm, normed, rmsEpsilon, quants)
      .multiply(tokens, weights.gateUp, normed, quants, gateUp)
      .swiglu(tokens, gateUp, gated, quants)
      .multiply(tokens, weights.down, gated, quants, hidden, true);
  }

  #writeInput({ input, position, layers }: StageTask, session: Session, tokens: number): void {
    const { memory } = this.#kernels;
    const { ids, angles, hidden, maxPages } = this.#workspace;
    const turns = ropeAngles(this.#shape, position, tokens);
    memory.floats(angles, turns.length).set(turns);
    for (let layer = layers.start; layer < layers.end; layer++) {
      const table = memory.words(this.#pageTable(layer), maxPages);
      for (const [index, page] of session.pages.entries()) table[index] = this.#pool.address(layer, page);
    }
    if (input.dtype === 'u32') {
      memory.words(ids, tokens).set(input.ids);
      return;
    }
    const { width } = this.#shape;
    for (let row = 0; row < tokens; row++)
      this.#row(hidden, row).set(input.hidden.subarray(row * width, (row + 1) * width));
  }

  #readHidden(tokens: number): Pick<StageOutput, 'hidden'> {
    const { width } = this.#shape;
    const hidden = new Float32Array(tokens * width);
    for (let row = 0; row < tokens; row++) hidden.set(this.#row(this.#workspace.hidden, row), row * width);
    return { hidden };
  }

  /** Candidates of rows `[first, end)` of the hidden states. */
  #chooseAll(first: number, end: number, request: CandidateRequest): Candidates[] {
    const chosen: Candidates[] = [];
    for (let row = first; row < end; row += LOGIT_ROWS)
      chosen.push(...this.#choose(row, Math.min(LOGIT_ROWS, end - row), request));
    return chosen;
  }

  #choose(first: number, count: number, request: CandidateRequest): Candidates[] {
    const { hidden, normed, quants, logits, summaries } = this.#workspace;
    const { norm, matrix } = this.#model.output();
    const program = this.#program
      .reset()
      .norm(count, rowsFrom(hidden, first), norm, normed, this.#shape.rmsEpsilon, quants)
      .multiply(count, matrix, normed, quants, logits);
    this.#kernels.run(program);
    const rows = Array.from({ length: count }, (_, row) => this.#row(logits, row));
    const wanted = rows.map((row) => Float32Array.from(request.wantedIds, (id) => row[id]!));
    for (const row of rows) maskLogits(row, request);
    this.#kernels.run(program.reset().summarize(count, logits, summaries));
    const summary = this.#kernels.memory.floats(summaries, count * 2);
    return rows.map((row, index) => ({
      ...topCandidates(row, request.count),
      // As it crosses the wire: a stage in the coordinator's own tab must say the very same number.
      logSumExp: Math.fround(summary[2 * index]! + Math.log(summary[2 * index + 1]!)),
      wantedLogits: wanted[index]!,
    }));
  }

  #pageTable(layer: number): number {
    return this.#workspace.pages + layer * this.#workspace.maxPages * 4;
  }

  #row({ address, stride, width }: Rows, row: number): Float32Array {
    return this.#kernels.memory.floats(address + row * stride, width);
  }
}
