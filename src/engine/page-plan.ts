import { layerPageBytes } from '../blocks/kv-layout.ts';
import { layerStateBytes } from '../blocks/state-layout.ts';
import { ShoalError } from '../core/errors.ts';
import type { Hyperparameters } from '../model/hyperparameters.ts';
import { FIRST_KV_PAGES, FIRST_STATES } from './limits.ts';

/** What a pool hands out: pages of one kind, each with a piece in every loaded layer that has use for it. */
export interface PagePlan {
  /** What messages call it. */
  readonly what: string;
  /** Bytes of a page in each of the model's layers; 0 for none. */
  readonly pageBytes: readonly number[];
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
  const share = model.recall ? maxBytes / 2 : maxBytes;
  const [cache, states] = [layerPageBytes(model), layerStateBytes(model)];
  return {
    cache: { what: 'KV cache', pageBytes: cache, maxBytes: share, firstPages: FIRST_KV_PAGES },
    states: model.recall && { what: 'states', pageBytes: states, maxBytes: share, firstPages: FIRST_STATES },
  };
}

/**
 * Visits pages in the order in which their bytes are taken out and put back: page by page, of each the layers in order.
 * @param visit - is told where a layer's page lies among those bytes, and its size; not of layers that cache nothing
 */
export function eachPage(
  { pageBytes }: PagePlan,
  layers: readonly number[],
  pages: readonly number[],
  visit: (layer: number, page: number, at: number, size: number) => void,
): void {
  let at = 0;
  for (const page of pages) {
    for (const layer of layers) {
      const size = pageBytes[layer]!;
      if (size > 0) visit(layer, page, at, size);
      at += size;
    }
  }
}

export function poolFull({ what, maxBytes }: PagePlan): ShoalError {
  const mib = Math.round(maxBytes / 2 ** 20);
  return new ShoalError(
    'out-of-memory',
    `This node has ${mib} MiB for conversations' ${what}, and they are full. Close a conversation, or choose another node.`,
  );
}
