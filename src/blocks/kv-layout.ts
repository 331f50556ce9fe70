import { type LayerRange, layersIn } from '../core/ranges.ts';
import { modelLayers } from '../model/architectures.ts';
import { headsOf } from '../model/graph.ts';
import type { Hyperparameters } from '../model/hyperparameters.ts';

/** Positions of a KV page: small enough that a short conversation wastes little, large enough for coalesced loads. */
export const PAGE_TOKENS = 32;

/** Bytes of one page of one layer: keys and values, f32. */
export function pageBytes(kvHeadCount: number, headSize: number): number {
  return 2 * kvHeadCount * headSize * PAGE_TOKENS * 4;
}

/** `pageBytes` of each of a model's layers; 0 for a layer without attention, which caches nothing. */
export function layerPageBytes(model: Hyperparameters): readonly number[] {
  return modelLayers(model).map((layer) => {
    const heads = headsOf(layer);
    return heads ? pageBytes(heads.kvHeadCount, heads.headSize) : 0;
  });
}

/** Bytes of one page of all of these layers. @param pageBytes - of each of the model's layers */
export function pageBytesIn(layers: Iterable<number>, pageBytes: readonly number[]): number {
  let bytes = 0;
  for (const layer of layers) bytes += pageBytes[layer]!;
  return bytes;
}

/** Bytes of one page of all layers of a range; 0 where none of them caches anything. */
export function rangePageBytes(model: Hyperparameters, range: LayerRange): number {
  return pageBytesIn(layersIn(range), layerPageBytes(model));
}

/**
 * Pages that `maxBytes` hold, each in all of these layers.
 * @param pageBytes - of each of the model's layers
 */
export function pagesWithin(maxBytes: number, layers: Iterable<number>, pageBytes: readonly number[]): number {
  const bytes = pageBytesIn(layers, pageBytes);
  // Where no layer caches anything, pages cost nothing; their number must still be one that can be told.
  return Math.floor(maxBytes / Math.max(1, bytes || Math.max(...pageBytes)));
}
