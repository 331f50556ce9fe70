import { pageBytes } from '../blocks/kv-layout.ts';
import { stateLayout } from '../blocks/state-layout.ts';
import { ShoalError } from '../core/errors.ts';
import { findArchitecture } from '../model/architectures.ts';
import type { Operation } from '../model/graph.ts';
import type { Hyperparameters } from '../model/hyperparameters.ts';
import { FIRST_KV_PAGES, FIRST_STATES } from './limits.ts';

/** Whatever a page takes, there is an end to their number. */
const LEAST_PAGE_BYTES = 4096;

/** What a pool hands out: pages of one kind, each with a piece in every loaded layer that has use for it. */
export interface PagePlan {
  /** What messages call it. */
  readonly what: string;
  /** Bytes of a page in a layer; 0 for none. */
  bytesOf(layer: number): number;
  /** Of all pages together. */
  readonly maxBytes: number;
  /** Pages that there is room for when the first is taken. */
  readonly firstPages: number;
}

/** The plans of a model's pools: KV pages, and states where layers have one. They share the memory. */
export function planPages(
  model: Hyperparameters,
  maxBytes: number,
): { readonly cache: PagePlan; readonly states: PagePlan | undefined } {
  const { recall } = model;
  const architecture = findArchitecture(model.architecture, 'The model');
  const has = (layer: number, kind: Operation['kind']) =>
    architecture.layer(model, layer).some((operation) => operation.kind === kind);
  const page = pageBytes(model.kvHeadCount, model.headSize);
  const share = recall ? maxBytes / 2 : maxBytes;
  return {
    cache: {
      ...{ what: 'KV cache', maxBytes: share, firstPages: FIRST_KV_PAGES },
      bytesOf: (layer) => (has(layer, 'attend') ? page : 0),
    },
    states: recall && {
      ...{ what: 'memory for states', maxBytes: share, firstPages: FIRST_STATES },
      bytesOf: (layer) => (has(layer, 'recall') ? stateLayout(recall).bytes : 0),
    },
  };
}

export function poolFull({ what, maxBytes }: PagePlan): ShoalError {
  const mib = Math.round(maxBytes / 2 ** 20);
  return new ShoalError(
    'out-of-memory',
    `This node's ${what} of ${mib} MiB is full. Close a conversation, or choose another node.`,
  );
}

/** Pages of all these layers that fit; where none has use for any, so many that nobody misses one. */
export function pagesThatFit(plan: PagePlan, layers: Iterable<number>): number {
  const bytes = [...layers].reduce((sum, layer) => sum + plan.bytesOf(layer), 0);
  return Math.floor(plan.maxBytes / Math.max(bytes, LEAST_PAGE_BYTES));
}
