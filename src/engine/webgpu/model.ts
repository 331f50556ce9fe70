import { ShoalError } from '../../core/errors.ts';
import { type LayerRange, layersIn } from '../../core/ranges.ts';
import type { GpuContext, Op } from '../../gpu/context.ts';
import type { DeviceMatrix } from '../../gpu/matrix.ts';
import { createEmbed } from '../../gpu/ops/embed.ts';
import { createScale } from '../../gpu/ops/scale.ts';
import type { Hyperparameters } from '../../model/hyperparameters.ts';
import type { ShardWeights } from '../weights.ts';
import { createLayer } from './layer.ts';
import { createOutputHead, type OutputHead } from './output-head.ts';
import type { GpuPools } from './page-pool.ts';
import type { Workspace } from './workspace.ts';

interface LoadedShard {
  readonly range: LayerRange;
  readonly weights: ShardWeights;
}

/** The loaded shards as operations on the workspace. */
export class GpuModel {
  readonly #context: GpuContext;
  readonly #model: Hyperparameters;
  readonly #workspace: Workspace;
  readonly #pools: GpuPools;
  readonly #shards = new Map<number, LoadedShard>();
  readonly #layers = new Map<number, Op>();
  #embed: Op | undefined;
  #head: OutputHead | undefined;

  constructor(context: GpuContext, model: Hyperparameters, workspace: Workspace, pools: GpuPools) {
    this.#context = context;
    this.#model = model;
    this.#workspace = workspace;
    this.#pools = pools;
  }

  get shardIndexes(): number[] {
    return [...this.#shards.keys()].sort((a, b) => a - b);
  }

  has(shard: number): boolean {
    return this.#shards.has(shard);
  }

  hasLayer(layer: number): boolean {
    return this.#layers.has(layer);
  }

  /** Compiles what the shard's tensor types need and makes room for its KV pages. */
  async add(index: number, range: LayerRange, weights: ShardWeights): Promise<void> {
    try {
      await this.#pools.cache.addLayers(layersIn(range));
      await this.#pools.states?.addLayers(layersIn(range));
      const { embedding, output } = weights;
      if (embedding) this.#embed = await this.#createEmbedding(embedding);
      if (output) this.#head = await createOutputHead(this.#context, this.#model, output, this.#workspace);
      await this.#bindLayers({ range, weights });
    } catch (error) {
      this.#removePages(range);
      throw error;
    }
    this.#shards.set(index, { range, weights });
  }

  /** @returns the layers that are no longer there */
  remove(index: number): LayerRange | undefined {
    const shard = this.#shards.get(index);
    if (!shard) return undefined;
    const { range, weights } = shard;
    this.#shards.delete(index);
    for (const layer of layersIn(range)) this.#layers.delete(layer);
    if (weights.embedding) this.#embed = undefined;
    if (weights.output) this.#head = undefined;
    this.#removePages(range);
    weights.destroy();
    return range;
  }

  /** Binds every layer to its KV pages anew, after they moved. */
  async rebind(): Promise<void> {
    for (const shard of this.#shards.values()) await this.#bindLayers(shard);
  }

  embedding(): Op {
    if (!this.#embed) throw new ShoalError('shard-not-loaded', 'The token embedding (shard 0) is not loaded here.');
    return this.#embed;
  }

  layer(layer: number): Op {
    return this.#layers.get(layer)!;
  }

  outputHead(): OutputHead {
    if (!this.#head) throw new ShoalError('shard-not-loaded', 'The output matrix (the last shard) is not loaded here.');
    return this.#head;
  }

  #removePages(range: LayerRange): void {
    this.#pools.cache.removeLayers(layersIn(range));
    this.#pools.states?.removeLayers(layersIn(range));
  }

  async #createEmbedding(matrix: DeviceMatrix): Promise<Op> {
    const { slots, tasks } = this.#workspace;
    const { embeddingScale } = this.#model;
    const embed = await createEmbed(this.#context, { matrix, ids: tasks.regions.ids, y: slots.hidden });
    if (embeddingScale === undefined) return embed;
    const scale = await createScale(this.#context, { y: slots.hidden, factor: embeddingScale, cap: 0 });
    return (pass, tokens) => {
      embed(pass, tokens);
      scale(pass, tokens);
    };
  }

  async #bindLayers({ range, weights }: LoadedShard): Promise<void> {
    await Promise.all(
      layersIn(range).map(async (layer, index) => {
        const cache = this.#pools.cache.buffer(layer);
        const states = this.#pools.states?.buffer(layer);
        const place = { model: this.#model, workspace: this.#workspace, cache, states };
        const op = await createLayer(this.#context, weights.layers[index]!, place);
        this.#layers.set(layer, op);
      }),
    );
  }
}
