import { RopeAngles } from '../../blocks/rope-angles.ts';
import { pageTable } from '../../gpu/page-table.ts';
import { Readback } from '../../gpu/readback.ts';
import { RESULT_WORDS } from '../../gpu/result-layout.ts';
import { type SessionState, stateTable } from '../../gpu/state-table.ts';
import { Submission } from '../../gpu/submission.ts';
import { modelHeads, modelRotations } from '../../model/architectures.ts';
import { widestHead } from '../../model/graph.ts';
import type { Hyperparameters } from '../../model/hyperparameters.ts';
import type { CandidateRequest } from '../../protocol/frames.ts';
import { type CheckedTask, dealRows, rowRequests } from '../batch.ts';
import { mergeRequests } from '../candidates.ts';
import type { DeviceExecutor } from '../device-runner.ts';
import type { StageOutput } from '../layer-runner.ts';
import { pagesFor, type Session } from '../session.ts';
import type { GpuModel } from './model.ts';
import { readCandidates } from './output-head.ts';
import type { GpuPools } from './page-pool.ts';
import type { Workspace } from './workspace.ts';

/** Runs checked tasks: one readback a pass, and as few submits as keep the device busy. */
export class GpuExecutor implements DeviceExecutor {
  readonly #device: GPUDevice;
  readonly #shape: Hyperparameters;
  readonly #workspace: Workspace;
  readonly #model: GpuModel;
  readonly #pools: GpuPools;
  readonly #submitLayers: number;
  readonly #readback: Readback;
  readonly #angles: RopeAngles;

  /** @param submitLayers - see `Tuning` */
  constructor(
    device: GPUDevice,
    shape: Hyperparameters,
    workspace: Workspace,
    model: GpuModel,
    pools: GpuPools,
    submitLayers: number,
  ) {
    this.#device = device;
    this.#shape = shape;
    this.#workspace = workspace;
    this.#model = model;
    this.#pools = pools;
    this.#submitLayers = submitLayers;
    this.#angles = new RopeAngles(widestHead(modelHeads(shape)), modelRotations(shape));
    this.#readback = new Readback(device, Math.max(workspace.slots.hidden.buffer.size, workspace.results.size));
  }

  async reserve(session: Session, length: number): Promise<void> {
    const { cache, states } = this.#pools;
    const taken = await cache.take(Math.max(0, pagesFor(length) - session.pages.length));
    session.pages.push(...taken.pages);
    let { moved } = taken;
    if (session.states && states && session.states.next === undefined) {
      const state = await states.take(1);
      [session.states.next] = state.pages;
      moved ||= state.moved;
    }
    if (moved) await this.#model.rebind();
  }

  async execute(batch: readonly CheckedTask[]): Promise<StageOutput[]> {
    const startedAtMs = performance.now();
    const { tasks, slots, results } = this.#workspace;
    const { hidden } = slots;
    const { layers, input, candidates } = batch[0]!.task;
    const tokens = batch.reduce((sum, entry) => sum + entry.tokens, 0);
    tasks.reset();
    this.#writeInput(batch, tokens);
    const work = new Submission(this.#device, tasks);
    const task = { taskOffset: tasks.addTask({ tokens }), apart: batch.length > 1 };
    if (input.dtype === 'u32') this.#model.embedding()({ ...task, encoder: work.encoder }, tokens);
    for (let layer = layers.start; layer < layers.end; layer++) {
      if (layer > layers.start && (layer - layers.start) % this.#submitLayers === 0) work.submit();
      this.#model.layer(layer)({ ...task, encoder: work.encoder }, tokens);
    }
    const rows = rowRequests(batch).length;
    if (rows > 0) this.#model.outputHead()(work.encoder, tokens - rows, tokens, requestOf(batch)!);
    const source = candidates ? results : hidden.buffer;
    const bytes = candidates ? rows * RESULT_WORDS * 4 : tokens * hidden.stride * 16;
    work.submit((commands) => bytes > 0 && this.#readback.copy(commands, source, bytes));
    if (bytes === 0) await this.#device.queue.onSubmittedWorkDone();
    const read = bytes > 0 ? await this.#readback.read(bytes) : new ArrayBuffer(0);
    const outputs = candidates ? this.#readRows(batch, read) : this.#readHidden(batch, read);
    const computeMs = performance.now() - startedAtMs;
    return outputs.map((output) => ({ ...output, computeMs }));
  }

  #writeInput(batch: readonly CheckedTask[], tokens: number): void {
    const { tasks, slots } = this.#workspace;
    const { hidden } = slots;
    const { width } = this.#shape;
    tasks.write(
      'pages',
      pageTable(batch.map((entry) => ({ ...entry, position: entry.task.position, pages: entry.session.pages }))),
    );
    if (this.#pools.states) tasks.write('states', stateTable(batch.map(stateOf)));
    const request = requestOf(batch);
    if (request) tasks.write('wanted', request.wantedIds);
    if (request?.mask) tasks.write('mask', request.mask);
    const angles = new Float32Array(tokens * this.#angles.stride);
    const ids = new Uint32Array(tokens);
    const rows = new Float32Array(batch[0]!.task.input.dtype === 'f32' ? tokens * hidden.stride * 4 : 0);
    let row = 0;
    for (const { task, tokens: count } of batch) {
      angles.set(this.#angles.at(task.position, count), row * this.#angles.stride);
      if (task.input.dtype === 'u32') ids.set(task.input.ids, row);
      else {
        for (let token = 0; token < count; token++) {
          const values = task.input.hidden.subarray(token * width, (token + 1) * width);
          rows.set(values, (row + token) * hidden.stride * 4);
        }
      }
      row += count;
    }
    tasks.write('angles', angles);
    if (rows.length > 0) this.#device.queue.writeBuffer(hidden.buffer, 0, rows);
    else tasks.write('ids', ids);
  }

  #readRows(batch: readonly CheckedTask[], bytes: ArrayBuffer): Pick<StageOutput, 'rows'>[] {
    const words = new Uint32Array(bytes);
    const together = batch.length > 1;
    let wanted = 0;
    const rows = rowRequests(batch).map((request, row) => {
      const candidates = readCandidates(words, row, request, wanted);
      if (together) wanted += request.wantedIds.length;
      return candidates;
    });
    return dealRows(batch, rows);
  }

  #readHidden(batch: readonly CheckedTask[], bytes: ArrayBuffer): Pick<StageOutput, 'hidden'>[] {
    const { width } = this.#shape;
    const stride = this.#workspace.slots.hidden.stride * 4;
    const padded = new Float32Array(bytes);
    let first = 0;
    return batch.map(({ tokens }) => {
      const hidden = new Float32Array(tokens * width);
      for (let row = 0; row < tokens; row++) {
        const from = (first + row) * stride;
        hidden.set(padded.subarray(from, from + width), row * width);
      }
      first += tokens;
      return { hidden };
    });
  }
}

function stateOf({ session, tokens }: CheckedTask): SessionState {
  return { tokens, from: session.states!.current, to: session.states!.next! };
}

/** What all of a pass's tasks ask for together. */
function requestOf(batch: readonly CheckedTask[]): CandidateRequest | undefined {
  const requests = batch.flatMap(({ task }) => task.candidates ?? []);
  return requests.length > 0 ? mergeRequests(requests) : undefined;
}
