import { ShoalError } from '../../core/errors.ts';
import { type LayerRange, layersIn } from '../../core/ranges.ts';
import type { CpuMatrix } from '../../cpu/matrix.ts';
import type { ShardWeights } from '../weights.ts';
import type { CpuLayer } from './layer.ts';
import type { CpuPools } from './page-pool.ts';

export type CpuShard = ShardWeights<number, readonly CpuMatrix[]>;

/** The loaded shards' weights. */
export class CpuModel {
  readonly #pools: CpuPools;
  readonly #shards = new Map<number, { readonly range: LayerRange; readonly weights: CpuShard }>();

  constructor(pools: CpuPools) {
    this.#pools = pools;
  }

  get shardIndexes(): number[] {
    return [...this.#shards.keys()].sort((a, b) => a - b);
  }

  has(shard: number): boolean {
    return this.#shards.has(shard);
  }

  hasLayer(layer: number): boolean {
    return this.#find(layer) !== undefined;
  }

  /** @throws ShoalError `out-of-memory` */
  add(index: number, range: LayerRange, weights: CpuShard): void {
    const { cache, states } = this.#pools;
    cache.addLayers(layersIn(range));
    try {
      states?.addLayers(layersIn(range));
    } catch (error) {
      cache.removeLayers(layersIn(range));
      throw error;
    }
    this.#shards.set(index, { range, weights });
  }

  /** @returns the layers that are no longer there */
  remove(index: number): LayerRange | undefined {
    const shard = this.#shards.get(index);
    if (!shard) return undefined;
    this.#shards.delete(index);
    this.#pools.cache.removeLayers(layersIn(shard.range));
    this.#pools.states?.removeLayers(layersIn(shard.range));
    shard.weights.destroy();
    return shard.range;
  }

  embedding(): CpuMatrix {
    const [embedding] = this.#all().find((weights) => weights.embedding)?.embedding ?? [];
    if (!embedding) throw new ShoalError('shard-not-loaded', 'The token embedding (shard 0) is not loaded here.');
    return embedding;
  }

  layer(layer: number): CpuLayer {
    const { range, weights } = this.#find(layer)!;
    return weights.layers[layer - range.start]!;
  }

  output(): NonNullable<CpuShard['output']> {
    const output = this.#all().find((weights) => weights.output)?.output;
    if (!output) throw new ShoalError('shard-not-loaded', 'The output matrix (the last shard) is not loaded here.');
    return output;
  }

  #all(): CpuShard[] {
    return [...this.#shards.values()].map(({ weights }) => weights);
  }

  #find(layer: number) {
    return [...this.#shards.values()].find(({ range }) => range.start <= layer && layer < range.end);
  }
}
