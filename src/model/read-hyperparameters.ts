import type { Metadata } from '../core/metadata.ts';
import type { Architecture } from './architecture.ts';
import { ArchitectureMetadata } from './architecture-metadata.ts';
import { findArchitecture } from './architectures.ts';
import type { DescribedTensor } from './check-tensors.ts';
import { tensorsOf } from './graph.ts';
import type { Hyperparameters } from './hyperparameters.ts';
import { readRope } from './read-rope.ts';

/** Layers: the deepest open models have about 130; a corrupt count must not make anybody loop. */
const MAX_LAYERS = 1024;

/** What a file says of itself: a whole model's, or a shard's. */
export interface DescribedFile {
  /** What messages call it. */
  readonly name: string;
  readonly metadata: Metadata;
  readonly tensors: readonly DescribedTensor[];
}

/**
 * A model's hyperparameters from its file's metadata, and from which optional tensors it has.
 * @throws ShoalError `bad-gguf` for a key that is missing or impossible, `unsupported-architecture`
 */
export function readHyperparameters(file: DescribedFile): Hyperparameters {
  const metadata = new ArchitectureMetadata(file.metadata, file.name);
  const architecture = findArchitecture(metadata.architectureName(), file.name);
  metadata.checkNeutral(architecture.neutral);
  const sizes = readSizes(metadata, architecture);
  if (sizes.ropeFactors && !architecture.ropeFactors)
    throw metadata.unsupported('factors of rope frequencies', `none with "${architecture.name}"`);
  const model = { ...sizes, ...architecture.own?.(metadata, sizes) };
  const optionalTensors = presentTensors(architecture, model, file.tensors);
  return optionalTensors.length > 0 ? { ...model, optionalTensors } : model;
}

/** What every architecture says under the same keys. */
function readSizes(metadata: ArchitectureMetadata, { name, sizedLayer }: Architecture): Hyperparameters {
  const headCount = metadata.count('attention.head_count');
  const width = metadata.count('embedding_length');
  const headSize = metadata.count('attention.key_length', width / headCount);
  const contextLength = metadata.count('context_length');
  const sizes: Hyperparameters = {
    architecture: name,
    layerCount: metadata.count('block_count'),
    width,
    // Models of experts alone may leave it out.
    feedForwardWidth: metadata.count('feed_forward_length', metadata.maybePositive('expert_feed_forward_length')),
    headCount,
    kvHeadCount: metadata.count('attention.head_count_kv', headCount, sizedLayer?.(metadata)),
    headSize,
    vocabularySize: metadata.vocabularySize(),
    contextLength,
    rmsEpsilon: metadata.positive('attention.layer_norm_rms_epsilon'),
    ...readRope(metadata, headSize, contextLength),
  };
  const valueSize = metadata.count('attention.value_length', headSize);
  if (valueSize !== headSize)
    throw metadata.unsupported(`attention values of ${valueSize} and keys of ${headSize} elements`, 'equal sizes');
  if (sizes.layerCount > MAX_LAYERS)
    throw metadata.bad(`${sizes.layerCount} layers, at most ${MAX_LAYERS} are allowed`);
  if (headCount % sizes.kvHeadCount !== 0)
    throw metadata.bad(`${headCount} heads cannot share ${sizes.kvHeadCount} KV heads evenly`);
  return sizes;
}

/** The optional tensors that any layer of the file has. */
function presentTensors(
  architecture: Architecture,
  model: Hyperparameters,
  tensors: readonly DescribedTensor[],
): string[] {
  const found = new Set(tensors.map(({ name }) => name.replace(/^blk\.\d+\./, '')));
  return tensorsOf(architecture.layer(model, 0, true))
    .filter(({ name, optional }) => optional && found.has(name))
    .map(({ name }) => name);
}
