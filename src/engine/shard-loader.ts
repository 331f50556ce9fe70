import { release } from '../core/bytes.ts';
import { ShoalError } from '../core/errors.ts';
import type { Metadata } from '../core/metadata.ts';
import type { GgufFile, GgufTensor } from '../gguf/gguf-file.ts';
import { parseGguf } from '../gguf/read.ts';
import type { Architecture } from '../model/architecture.ts';
import { findArchitecture } from '../model/architectures.ts';
import { readModelFacts } from '../model/read-facts.ts';
import type { Hyperparameters, ManifestShard } from '../protocol/manifest.ts';
import type { ShardReader } from '../store/shard-store.ts';
import type { LayerWeights, ShardWeights, WeightLoader } from './weights.ts';

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
  checkHyperparameters(metadata, model, name);
  release(bytes);
  return { name, tensors };
}

/** One shard on its way. */
class ShardLoad<Vector, Matrix> {
  readonly #file: Header;
  readonly #model: Hyperparameters;
  readonly #architecture: Architecture;
  readonly #loader: WeightLoader<Vector, Matrix>;

  constructor(file: Header, model: Hyperparameters, loader: WeightLoader<Vector, Matrix>) {
    this.#file = file;
    this.#model = model;
    this.#architecture = findArchitecture(model.architecture, file.name);
    this.#loader = loader;
  }

  async load(shard: ManifestShard): Promise<ShardWeights<Vector, Matrix>> {
    const names = this.#architecture.globalNames;
    const shapes = this.#architecture.globalShapes(this.#model);
    const embedding = shard.hasEmbedding
      ? await this.#loader.loadMatrix([this.#tensor(names.tokenEmbedding, shapes.tokenEmbedding)])
      : undefined;
    const layers: LayerWeights<Vector, Matrix>[] = [];
    for (let layer = shard.layers.start; layer < shard.layers.end; layer++) layers.push(await this.#loadLayer(layer));
    const output = shard.hasOutput
      ? {
          norm: await this.#loader.loadVector(this.#tensor(names.outputNorm, shapes.outputNorm)),
          matrix: await this.#loader.loadMatrix([this.#tensor(names.output, shapes.output)]),
        }
      : undefined;
    return { layers, embedding, output, destroy: () => this.#loader.destroy() };
  }

  async #loadLayer(layer: number): Promise<LayerWeights<Vector, Matrix>> {
    const names = this.#architecture.layerNames(layer);
    const shapes = this.#architecture.layerShapes(this.#model);
    const tensor = (role: keyof typeof names) => this.#tensor(names[role], shapes[role]);
    const loader = this.#loader;
    return {
      attnNorm: await loader.loadVector(tensor('attnNorm')),
      qkv: await loader.loadMatrix([tensor('attnQ'), tensor('attnK'), tensor('attnV')]),
      attnOutput: await loader.loadMatrix([tensor('attnOutput')]),
      ffnNorm: await loader.loadVector(tensor('ffnNorm')),
      gateUp: await loader.loadMatrix([tensor('ffnGate'), tensor('ffnUp')]),
      down: await loader.loadMatrix([tensor('ffnDown')]),
    };
  }

  #tensor(name: string, shape: readonly number[]): GgufTensor {
    const tensor = this.#file.tensors.find((candidate) => candidate.name === name);
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
function checkHyperparameters(metadata: Metadata, model: Hyperparameters, name: string): void {
  const facts = readModelFacts(metadata, name);
  for (const key of Object.keys(facts) as (keyof typeof facts)[]) {
    if (facts[key] !== model[key]) {
      throw new ShoalError(
        'bad-gguf',
        `${name} has ${key} = ${facts[key]}, its manifest says ${model[key]}: they are of different models.`,
      );
    }
  }
}
