import { findArchitecture } from '../../model/architectures.ts';
import { tensorsOf } from '../../model/graph.ts';
import type { Hyperparameters } from '../../model/hyperparameters.ts';
import type { Manifest } from '../../protocol/manifest.ts';

/** What a model costs a device, as its manifest tells. */
export interface ModelSizes {
  readonly layerCount: number;
  /** Of each shard's file, in order. */
  readonly shardBytes: readonly number[];
  /** Weights that a token reads, of the output matrix too. */
  readonly readBytes: number;
  /** Multiplications with weights that a position of a prompt takes. */
  readonly promptMacs: number;
}

/** Weights of a layer, and how many of them a token meets: of experts only those that are chosen. */
function layerWeights(model: Hyperparameters, layer: number): { readonly all: number; readonly met: number } {
  const { count = 1, used = 1 } = model.experts ?? {};
  let [all, met] = [0, 0];
  for (const { shape } of tensorsOf(findArchitecture(model.architecture, 'The manifest').layer(model, layer))) {
    const weights = shape.reduce((product, dimension) => product * dimension, 1);
    all += weights;
    // Experts lie one below the other: a third dimension.
    met += shape.length === 3 ? (weights * used) / count : weights;
  }
  return { all, met };
}

/** @throws ShoalError `unsupported-architecture` */
export function sizesOf({ hyperparameters: model, shards }: Manifest): ModelSizes {
  const layers = Array.from({ length: model.layerCount }, (_, index) => layerWeights(model, index));
  const sum = (key: 'all' | 'met', range = { start: 0, end: layers.length }) =>
    layers.slice(range.start, range.end).reduce((total, layer) => total + layer[key], 0);
  const outerWeights = model.vocabularySize * model.width;
  // Shards of nothing but layers tell how many bytes a weight of theirs takes; without one all weights count as alike.
  const inner = shards.filter(({ hasEmbedding, hasOutput }) => !hasEmbedding && !hasOutput);
  const measured = inner.length > 0 ? inner : shards;
  const bytes = measured.reduce((total, { sizeBytes, headerBytes }) => total + sizeBytes - headerBytes, 0);
  const outer = measured.reduce(
    (total, { hasEmbedding, hasOutput }) => total + (Number(hasEmbedding) + Number(hasOutput)) * outerWeights,
    0,
  );
  const bytesPerWeight = bytes / (measured.reduce((total, { layers: range }) => total + sum('all', range), 0) + outer);
  const last = shards.at(-1)!;
  const outputBytes = Math.max(0, last.sizeBytes - last.headerBytes - bytesPerWeight * sum('all', last.layers));
  return {
    layerCount: model.layerCount,
    shardBytes: shards.map(({ sizeBytes }) => sizeBytes),
    readBytes: bytesPerWeight * sum('met') + (last.hasEmbedding ? bytesPerWeight * outerWeights : outputBytes),
    promptMacs: sum('met'),
  };
}
