import { release } from '../core/bytes.ts';
import { ShoalError } from '../core/errors.ts';
import type { GgufFile, GgufTensor } from '../gguf/gguf-file.ts';
import { parseGguf } from '../gguf/read.ts';
import { layerTensorName, outerTensors, ROPE_FACTOR_TENSORS } from '../model/architecture.ts';
import { findArchitecture } from '../model/architectures.ts';
import type { Operation, TensorUse } from '../model/graph.ts';
import { type Hyperparameters, hyperparametersSchema } from '../model/hyperparameters.ts';
import { type DescribedFile, readHyperparameters } from '../model/read-hyperparameters.ts';
import type { ManifestShard } from '../protocol/manifest.ts';
import type { ShardReader } from '../store/shard-store.ts';
import type { LoadedOperation, OrderedTensor, ShardWeights, WeightLoader } from './weights.ts';

/**
 * Loads a shard's weights, tensor by tensor. What was loaded is freed again when something fails.
 * @throws ShoalError `bad-gguf`, `truncated-gguf`, `unsupported-architecture`, `unsupported-tensor-type`,
 * `out-of-memory`, `aborted`
 */
export async function loadShardWeights<Vector, Matrix>(
  model: Hyperparameters,
  reader: ShardReader,
  loader: WeightLoader<Vector, Matrix>,
): Promise<ShardWeights<Vector, Matrix>> {
  const { shard } = reader;
  try {
    return await new ShardLoad(await readHeader(reader, model), model, loader).load(shard);
  } catch (error) {
    loader.destroy();
    throw error;
  }
}

/** What a load needs of a shard's header. */
type Header = Pick<GgufFile, 'name' | 'tensors'>;

async function readHeader(reader: ShardReader, model: Hyperparameters): Promise<Header> {
  const { fileName, sizeBytes, headerBytes } = reader.shard;
  const bytes = await reader.read(0, headerBytes);
  const { name, tensors, metadata } = parseGguf(bytes, fileName, sizeBytes, 'counted');
  checkHyperparameters({ name, tensors, metadata }, model);
  release(bytes);
  return { name, tensors };
}

/** One shard on its way. */
class ShardLoad<Vector, Matrix> {
  readonly #file: Header;
  readonly #model: Hyperparameters;
  readonly #loader: WeightLoader<Vector, Matrix>;
  readonly #unused: Set<string>;

  constructor(file: Header, model: Hyperparameters, loader: WeightLoader<Vector, Matrix>) {
    this.#file = file;
    this.#model = model;
    this.#loader = loader;
    const factors = model.ropeFactors ? ROPE_FACTOR_TENSORS : [];
    this.#unused = new Set(file.tensors.map(({ name }) => name).filter((name) => !factors.includes(name)));
  }

  async load(shard: ManifestShard): Promise<ShardWeights<Vector, Matrix>> {
    const outer = outerTensors(this.#model);
    const architecture = findArchitecture(this.#model.architecture, this.#file.name);
    const embedding = shard.hasEmbedding ? await this.#loader.loadMatrix([this.#find(outer.embedding)]) : undefined;
    const layers: LoadedOperation<Vector, Matrix>[][] = [];
    for (let layer = shard.layers.start; layer < shard.layers.end; layer++) {
      const loaded: LoadedOperation<Vector, Matrix>[] = [];
      for (const operation of architecture.layer(this.#model, layer)) loaded.push(await this.#load(operation, layer));
      layers.push(loaded);
    }
    const output = shard.hasOutput
      ? {
          norm: await this.#loader.loadVector(this.#find(outer.outputNorm)),
          matrix: await this.#loader.loadMatrix([this.#find(outer.output)]),
        }
      : undefined;
    this.#checkUsed();
    return { layers, embedding, output, destroy: () => this.#loader.destroy() };
  }

  async #load(operation: Operation, layer: number): Promise<LoadedOperation<Vector, Matrix>> {
    const find = (use: TensorUse) => this.#find({ ...use, name: layerTensorName(layer, use) });
    const matrix = 'matrices' in operation ? await this.#loader.loadMatrix(operation.matrices.map(find)) : undefined;
    const vectors: Vector[] = [];
    for (const use of 'vectors' in operation ? operation.vectors : [])
      vectors.push(await this.#loader.loadVector(find(use)));
    return { operation, vectors, matrix };
  }

  #find(use: TensorUse): OrderedTensor {
    return { ...use, tensor: this.#tensor(use.name, use.shape) };
  }

  /** What a shard holds changes what it computes: nothing is left out in silence. */
  #checkUsed(): void {
    const [foreign] = this.#unused;
    if (foreign !== undefined) {
      throw new ShoalError(
        'unsupported-architecture',
        `${this.#file.name}: the layers of "${this.#model.architecture}" use no tensor "${foreign}".`,
      );
    }
  }

  #tensor(name: string, shape: readonly number[]): GgufTensor {
    const tensor = this.#file.tensors.find((candidate) => candidate.name === name);
    this.#unused.delete(name);
    if (!tensor) throw new ShoalError('bad-gguf', `${this.#file.name} lacks tensor "${name}". Fetch the shard again.`);
    if (tensor.shape.join() !== shape.join()) {
      throw new ShoalError(
        'bad-gguf',
        `${this.#file.name}: tensor "${name}" has shape [${tensor.shape.join(', ')}], the manifest says [${shape.join(', ')}].`,
      );
    }
    return tensor;
  }
}

/** The manifest speaks for the shard; a shard that says otherwise belongs to another model. */
function checkHyperparameters(file: DescribedFile, model: Hyperparameters): void {
  const found = readHyperparameters(file);
  for (const key of Object.keys(hyperparametersSchema.entries) as (keyof Hyperparameters)[]) {
    if (JSON.stringify(found[key]) !== JSON.stringify(model[key])) {
      throw new ShoalError(
        'bad-gguf',
        `${file.name} has ${key} = ${found[key]}, its manifest says ${model[key]}: they are of different models.`,
      );
    }
  }
}
