import { stateLayout } from '../../blocks/state-layout.ts';
import type { Activation } from '../../gpu/activation.ts';
import type { GpuContext, Op } from '../../gpu/context.ts';
import { createAdd, createBias } from '../../gpu/ops/add.ts';
import { createAttention } from '../../gpu/ops/attention.ts';
import {
  type Choice,
  createAddChosen,
  createBiasChosen,
  createChoose,
  createMultiplyChosen,
} from '../../gpu/ops/experts.ts';
import { createGate } from '../../gpu/ops/gate.ts';
import { createMultiply } from '../../gpu/ops/multiply.ts';
import { createNormHeads } from '../../gpu/ops/norm-heads.ts';
import { createConvolve, createGateBy, createRecall, type StatePlaces } from '../../gpu/ops/recall.ts';
import { createRmsNorm } from '../../gpu/ops/rms-norm.ts';
import { createRopeKv } from '../../gpu/ops/rope-kv.ts';
import { createScaleBy } from '../../gpu/ops/scale.ts';
import type { Activation as ActivationFunction } from '../../model/graph.ts';
import type { Hyperparameters } from '../../model/hyperparameters.ts';
import type { LoadedOperation } from '../weights.ts';
import type { Workspace } from './workspace.ts';

/** What the operations of one layer work on. */
export interface LayerPlace {
  readonly model: Hyperparameters;
  readonly workspace: Workspace;
  /** The layer's KV pages; undefined for a layer without attention. */
  readonly cache: GPUBuffer | undefined;
  /** Its sessions' states; undefined for a layer that has none. */
  readonly states: GPUBuffer | undefined;
}

/** One layer on the workspace's hidden states: its graph, bound to buffers. */
export async function createLayer(
  context: GpuContext,
  layer: readonly LoadedOperation[],
  place: LayerPlace,
): Promise<Op> {
  const ops = await Promise.all(layer.map((loaded) => createOperation(context, loaded, place)));
  return (pass, tokens) => {
    for (const op of ops) op(pass, tokens);
  };
}

/** Exhaustive: a kind of operation that is missing here does not compile. */
function createOperation(
  context: GpuContext,
  { operation, vectors, matrix }: LoadedOperation,
  { model, workspace, cache, states }: LayerPlace,
): Promise<Op> {
  const { slots, tasks, rotationSize, angleStride } = workspace;
  const { pages, angles } = tasks.regions;
  const { qkv } = slots;
  const { experts } = model;
  const choice = experts && { experts: experts.count, used: experts.used, rows: slots.choice };
  const statePlaces = (): StatePlaces => ({
    ...{ sessions: tasks.regions.states, states: states!, layout: stateLayout(model.recall!) },
  });
  switch (operation.kind) {
    case 'norm': {
      const [x, y] = [slots[operation.from], slots[operation.to]];
      const { add } = operation;
      return createRmsNorm(context, { weights: vectors[0]!, x, y, epsilon: model.rmsEpsilon, add });
    }
    case 'multiply': {
      const [x, y] = [slots[operation.from], slots[operation.to]];
      return createMultiply(context, { matrix: matrix!, x, y, add: operation.add });
    }
    case 'bias': {
      const biases = operation.vectors.map(({ shape }, index) => ({ buffer: vectors[index]!, width: shape[0]! }));
      return createBias(context, { biases, y: slots[operation.to] });
    }
    case 'add': {
      const [x, y] = [slots[operation.from], slots[operation.to]];
      return createAdd(context, { x, y, scale: operation.scale });
    }
    case 'normHeads': {
      const [query, key] = vectors as [GPUBuffer, GPUBuffer];
      const { heads, values } = operation;
      return createNormHeads(context, { heads, values, query, key, qkv, epsilon: model.rmsEpsilon });
    }
    case 'scale':
      return createScaleBy(context, { y: slots[operation.to], factor: vectors[0]! });
    case 'rope': {
      const { heads, rotation, scale } = operation;
      const turns = { angles, angleStride, angleOffset: rotation * rotationSize };
      return createRopeKv(context, { heads, ...turns, scale, pages, qkv, cache: cache! });
    }
    case 'attend': {
      const { heads, sight } = operation;
      const [from, y] = [{ qkv, cache: cache!, pages }, slots.attended];
      return createAttention(context, { heads, sight, ...from, y, sinks: vectors[0] });
    }
    case 'gate': {
      const { from, to, activation } = operation;
      if (choice && from === 'gateUp') return createExpertGates(context, slots, choice, activation);
      return createGate(context, { x: slots[from], y: slots[to], activation });
    }
    case 'choose':
      return createChoose(context, slots.routing, choice!, { scale: operation.scale, scales: vectors[0] });
    case 'multiplyChosen': {
      const [x, y] = [slots[operation.from], slots[operation.to]];
      return createMultiplyChosen(context, {
        ...{ matrix: matrix!, stacks: operation.matrices.length, x, y },
        choice: choice!,
      });
    }
    case 'biasChosen': {
      const biases = operation.vectors.map(({ shape }, index) => ({ buffer: vectors[index]!, width: shape[0]! }));
      return createBiasChosen(context, biases, slots[operation.to], choice!);
    }
    case 'addChosen':
      return createAddChosen(context, { parts: slots.parts, y: slots[operation.to], add: operation.add }, choice!);
    case 'convolve':
      return createConvolve(context, vectors[0]!, slots.mixed, statePlaces());
    case 'recall': {
      const [dt, a] = vectors as [GPUBuffer, GPUBuffer];
      const { mixed, deltas, recalled: y } = slots;
      const heads = model.recall!;
      return createRecall(context, { ...statePlaces(), heads, dt, a, mixed, deltas, y, epsilon: model.rmsEpsilon });
    }
    case 'gateBy': {
      const { from, to, activation, headSize } = operation;
      const [norm] = vectors;
      const gated = { gate: slots[from], y: slots[to], activation };
      return createGateBy(context, { ...gated, headSize, norm, epsilon: model.rmsEpsilon });
    }
  }
}

/** Each chosen expert's gate and up are a row of their own. */
async function createExpertGates(
  context: GpuContext,
  { gateUp, gated }: Workspace['slots'],
  { used }: Choice,
  activation: ActivationFunction,
): Promise<Op> {
  const part = ({ buffer, width }: Activation) => ({ buffer, width: width / used, stride: width / used / 4 });
  const gate = await createGate(context, { x: part(gateUp), y: part(gated), activation });
  return (pass, tokens) => gate(pass, tokens * used);
}
