import type { CpuMatrix } from '../../cpu/matrix.ts';
import type { CachePlace, Program } from '../../cpu/program.ts';
import type { Slot } from '../../model/graph.ts';
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
}

/**
 * Adds one layer to a program: its graph, on the workspace's rows. What is multiplied next is rounded where it is made.
 * Exhaustive: a kind of operation that is missing here does not compile.
 */
export function addLayer(program: Program, layer: CpuLayer, { model, workspace, tokens, caches }: LayerPlace): void {
  const { slots, quants, angles } = workspace;
  const rotation = (index: number) => ({ ...angles, address: angles.address + index * model.headSize * 4 });
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
      case 'normHeads':
        program.normHeads(tokens, slots.qkv, vectors[0]!, vectors[1]!, model, model.rmsEpsilon);
        break;
      case 'rope':
        program.rope(slots.qkv, rotation(operation.rotation), caches, model, operation.scale);
        break;
      case 'attend':
        program.attend(slots.qkv, caches, model, operation.sight, slots.attended);
        break;
      case 'gate':
        program.gate(tokens, slots.gateUp, slots.gated, operation.activation, roundedFor('gated'));
        break;
    }
  }
}
