import { paddedWidth } from '../../blocks/row-groups.ts';
import { stateLayout } from '../../blocks/state-layout.ts';
import type { CpuMatrix } from '../../cpu/matrix.ts';
import type { CachePlace, Choice, StatePlace } from '../../cpu/places.ts';
import type { Program } from '../../cpu/program.ts';
import { type Quants, quantsOfRow, type Rows } from '../../cpu/rows.ts';
import type { Activation, Slot } from '../../model/graph.ts';
import type { Hyperparameters } from '../../model/hyperparameters.ts';
import type { LoadedOperation } from '../weights.ts';
import type { CpuWorkspace } from './workspace.ts';

export type CpuLayer = readonly LoadedOperation<number, readonly CpuMatrix[]>[];

/** What the operations of a layer work on. */
export interface LayerPlace {
  readonly model: Hyperparameters;
  readonly workspace: CpuWorkspace;
  /** Rows of all sessions. */
  readonly tokens: number;
  /** Where each session's rows belong in the layer's KV cache. */
  readonly caches: readonly CachePlace[];
  /** Where each session's states of the layer lie. */
  readonly states: readonly StatePlace[];
}

/**
 * Adds one layer to a program: its graph, on the workspace's rows. What is multiplied next is rounded where it is made.
 * Exhaustive: a kind of operation that is missing here does not compile.
 */
export function addLayer(program: Program, layer: CpuLayer, place: LayerPlace): void {
  const { model, workspace, tokens, caches, states } = place;
  const { slots, quants, angles, rotationBytes } = workspace;
  const { experts } = model;
  const choice = experts && { experts: experts.count, used: experts.used, rows: slots.choice };
  const rotation = (index: number) => ({ ...angles, address: angles.address + index * rotationBytes });
  /** The slot whose rows `quants` holds. */
  let rounded: Slot | undefined;
  for (const [index, { operation, vectors, matrix }] of layer.entries()) {
    const next = layer[index + 1]?.operation;
    const roundedFor = (to: Slot) => {
      if (next?.kind !== 'multiply' || next.from !== to) return undefined;
      rounded = to;
      return quants;
    };
    switch (operation.kind) {
      case 'norm': {
        const { from, to, add } = operation;
        program.norm(tokens, slots[from], vectors[0]!, slots[to], model.rmsEpsilon, roundedFor(to), add);
        break;
      }
      case 'multiply': {
        const { from, to, add } = operation;
        if (quants && rounded !== from) program.quantize(tokens, slots[from], quants);
        program.multiply(tokens, matrix!, slots[from], quants, slots[to], add);
        rounded = undefined;
        break;
      }
      case 'bias': {
        const widths = operation.vectors.map(({ shape }) => shape[0]!);
        program.bias(tokens, vectors, widths, slots[operation.to]);
        break;
      }
      case 'add':
        program.add(tokens, slots[operation.from], slots[operation.to], operation.scale);
        break;
      case 'scale':
        program.scaleBy(tokens, slots[operation.to], vectors[0]!);
        break;
      case 'normHeads': {
        const { heads, values } = operation;
        const weights = { query: vectors[0]!, key: vectors[1]! };
        program.normHeads(tokens, slots.qkv, weights, heads, values, model.rmsEpsilon);
        break;
      }
      case 'rope':
        program.rope(slots.qkv, rotation(operation.rotation), caches, operation.heads, operation.scale);
        break;
      case 'attend':
        program.attend(slots.qkv, caches, operation.heads, operation.sight, slots.attended, vectors[0]);
        break;
      case 'gate': {
        const { from, to, activation } = operation;
        if (choice && from === 'gateUp') addExpertGates(program, workspace, choice, tokens, activation);
        else program.gate(tokens, slots[from], slots[to], activation, roundedFor(to));
        break;
      }
      case 'choose':
        program.choose(tokens, slots.routing, choice!, operation.scale, vectors[0]);
        break;
      case 'multiplyChosen': {
        const { from, to } = operation;
        if (quants) roundRows(program, slots[from], quants, operation.matrices[0]!.shape[0]!, tokens);
        program.multiplyChosen(tokens, matrix!, slots[from], quants, slots[to], choice!);
        rounded = undefined;
        break;
      }
      case 'biasChosen': {
        const widths = operation.vectors.map(({ shape }) => shape[0]!);
        program.biasChosen(tokens, vectors, widths, slots[operation.to], choice!);
        break;
      }
      case 'addChosen':
        program.addChosen(tokens, slots.parts, slots[operation.to], choice!, operation.add);
        break;
      case 'convolve':
        program.convolve(slots.mixed, vectors[0]!, states, stateLayout(model.recall!).rowsAt);
        break;
      case 'recall': {
        const [dt, a] = vectors as [number, number];
        const { mixed, deltas, recalled } = slots;
        program.recall(mixed, deltas, dt, a, states, model.recall!, recalled, model.rmsEpsilon);
        break;
      }
      case 'gateBy': {
        const { from, to, headSize, activation } = operation;
        const [norm = 0] = vectors;
        program.gateBy(tokens, slots[from], slots[to], activation, norm, headSize, model.rmsEpsilon);
        break;
      }
      default:
        operation satisfies never;
    }
  }
}

/** Rounds rows, or each part of them, for products of their own. @param columns - of a part */
function roundRows(program: Program, x: Rows, quants: Quants, columns: number, tokens: number): void {
  const parts = Math.round(x.width / columns);
  for (let row = 0; row < tokens * parts; row++) {
    const at = Math.floor(row / parts) * x.stride + (row % parts) * columns * 4;
    const part = { width: columns, stride: paddedWidth(columns) * 4, address: x.address + at };
    program.quantize(1, part, quantsOfRow(quants, row, columns), row === 0);
  }
}

/** Each chosen expert's gate and up are a row of their own. */
function addExpertGates(
  program: Program,
  { slots }: CpuWorkspace,
  { used }: Choice,
  tokens: number,
  activation: Activation,
): void {
  const part = ({ address, width }: Rows): Rows => ({ address, width: width / used, stride: (width / used) * 4 });
  program.gate(tokens * used, part(slots.gateUp), part(slots.gated), activation);
}
