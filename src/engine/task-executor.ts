import { Readback } from '../gpu/readback.ts';
import { RESULT_WORDS } from '../gpu/result-layout.ts';
import { ropeAngles } from '../gpu/rope-angles.ts';
import type { Hyperparameters } from '../protocol/manifest.ts';
import { wantedRows } from './check-task.ts';
import type { KvPool } from './kv-pool.ts';
import type { StageOutput, StageTask } from './layer-runner.ts';
import type { LoadedModel } from './loaded-model.ts';
import { readCandidates } from './output-head.ts';
import { pagesFor, type Session } from './session.ts';
import type { Workspace } from './workspace.ts';

/** Runs checked tasks: one upload, one submit, one readback each. */
export class TaskExecutor {
  readonly #device: GPUDevice;
  readonly #shape: Hyperparameters;
  readonly #workspace: Workspace;
  readonly #model: LoadedModel;
  readonly #pool: KvPool;
  readonly #readback: Readback;

  constructor(device: GPUDevice, shape: Hyperparameters, workspace: Workspace, model: LoadedModel, pool: KvPool) {
    this.#device = device;
    this.#shape = shape;
    this.#workspace = workspace;
    this.#model = model;
    this.#pool = pool;
    this.#readback = new Readback(device, Math.max(workspace.hidden.buffer.size, workspace.results.size));
  }

  /**
   * @param tokens - T, the task's positions
   * @throws ShoalError `out-of-memory` when the KV cache is full
   */
  async execute(task: StageTask, session: Session, tokens: number): Promise<StageOutput> {
    const startedAtMs = performance.now();
    const { tasks, hidden, results } = this.#workspace;
    await this.#reserve(session, task.position + tokens);
    tasks.reset();
    this.#writeInput(task, session, tokens);
    const commands = this.#device.createCommandEncoder();
    const encoder = commands.beginComputePass();
    const pass = { encoder, taskOffset: tasks.addTask({ tokens, position: task.position }) };
    if (task.input.dtype === 'u32') this.#model.embedding()(pass, tokens);
    for (let layer = task.layers.start; layer < task.layers.end; layer++) this.#model.layer(layer)(pass, tokens);
    const rows = wantedRows(task, tokens);
    if (task.candidates && rows > 0) this.#model.outputHead()(encoder, tokens - rows, tokens, task.candidates);
    encoder.end();
    tasks.upload();
    const source = task.candidates ? results : hidden.buffer;
    const bytes = task.candidates ? rows * RESULT_WORDS * 4 : tokens * hidden.stride * 16;
    if (bytes > 0) this.#readback.copy(commands, source, bytes);
    this.#device.queue.submit([commands.finish()]);
    if (bytes === 0) await this.#device.queue.onSubmittedWorkDone();
    const output = this.#readOutput(task, rows, bytes > 0 ? await this.#readback.read(bytes) : new ArrayBuffer(0));
    session.length += tokens;
    return { ...output, computeMs: performance.now() - startedAtMs };
  }

  /** Takes the KV pages that the session lacks for `length` positions. */
  async #reserve(session: Session, length: number): Promise<void> {
    const missing = pagesFor(length) - session.pages.length;
    if (missing <= 0) return;
    const { pages, moved } = await this.#pool.take(missing);
    session.pages.push(...pages);
    if (moved) await this.#model.rebind();
  }

  #writeInput({ input, position, candidates }: StageTask, session: Session, tokens: number): void {
    const { tasks, hidden } = this.#workspace;
    tasks.write('pages', Uint32Array.from(session.pages));
    tasks.write('angles', ropeAngles(this.#shape, position, tokens));
    if (candidates) tasks.write('wanted', candidates.wantedIds);
    if (candidates?.mask) tasks.write('mask', candidates.mask);
    if (input.dtype === 'u32') {
      tasks.write('ids', input.ids);
      return;
    }
    const { width } = this.#shape;
    const rows = new Float32Array(tokens * hidden.stride * 4);
    for (let row = 0; row < tokens; row++) {
      rows.set(input.hidden.subarray(row * width, (row + 1) * width), row * hidden.stride * 4);
    }
    this.#device.queue.writeBuffer(hidden.buffer, 0, rows);
  }

  #readOutput({ candidates }: StageTask, rows: number, bytes: ArrayBuffer): Omit<StageOutput, 'computeMs'> {
    if (candidates) {
      const words = new Uint32Array(bytes);
      return { rows: Array.from({ length: rows }, (_, row) => readCandidates(words, row, candidates)) };
    }
    const { width } = this.#shape;
    const padded = new Float32Array(bytes);
    const stride = this.#workspace.hidden.stride * 4;
    if (stride === width) return { hidden: padded };
    const tokens = padded.length / stride;
    const out = new Float32Array(tokens * width);
    for (let row = 0; row < tokens; row++) out.set(padded.subarray(row * stride, row * stride + width), row * width);
    return { hidden: out };
  }
}
