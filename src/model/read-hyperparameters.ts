import { ShoalError } from '../core/errors.ts';
import type { Metadata, MetadataValue } from '../core/metadata.ts';
import type { Architecture } from './architecture.ts';
import { findArchitecture } from './architectures.ts';
import type { DescribedTensor } from './check-tensors.ts';
import { tensorsOf } from './graph.ts';
import type { Hyperparameters } from './hyperparameters.ts';

/** Source: llama.cpp's default. */
const DEFAULT_ROPE_BASE = 10_000;
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
  const reader = new HyperparameterReader(file.metadata, file.name);
  const architecture = findArchitecture(reader.architectureName(), file.name);
  reader.checkNeutral(architecture);
  const headCount = reader.count('attention.head_count');
  const width = reader.count('embedding_length');
  const headSize = reader.count('attention.key_length', width / headCount);
  const model: Hyperparameters = {
    architecture: architecture.name,
    layerCount: reader.count('block_count'),
    width,
    feedForwardWidth: reader.count('feed_forward_length'),
    headCount,
    kvHeadCount: reader.count('attention.head_count_kv', headCount),
    headSize,
    vocabularySize: reader.vocabularySize(),
    contextLength: reader.count('context_length'),
    ropeBase: reader.positive('rope.freq_base', DEFAULT_ROPE_BASE),
    ropeDimensions: reader.count('rope.dimension_count', headSize),
    ropeScale: reader.ropeScale(),
    rmsEpsilon: reader.positive('attention.layer_norm_rms_epsilon'),
  };
  const valueSize = reader.count('attention.value_length', headSize);
  if (valueSize !== headSize)
    throw reader.unsupported(`attention values of ${valueSize} and keys of ${headSize} elements`, 'equal sizes');
  if (model.layerCount > MAX_LAYERS) throw reader.bad(`${model.layerCount} layers, at most ${MAX_LAYERS} are allowed`);
  if (model.headCount % model.kvHeadCount !== 0)
    throw reader.bad(`${model.headCount} heads cannot share ${model.kvHeadCount} KV heads evenly`);
  if (model.ropeDimensions > headSize || model.ropeDimensions % 2 !== 0)
    throw reader.bad(`${model.ropeDimensions} rotated dimensions do not fit a head of ${headSize}`);
  const optionalTensors = presentTensors(architecture, model, file.tensors);
  return optionalTensors.length > 0 ? { ...model, optionalTensors } : model;
}

/** The optional tensors that any layer of the file has. */
function presentTensors(
  architecture: Architecture,
  model: Hyperparameters,
  tensors: readonly DescribedTensor[],
): string[] {
  const found = new Set(tensors.map(({ name }) => name.replace(/^blk\.\d+\./, '')));
  return tensorsOf(architecture.layer(model, true))
    .filter(({ name, optional }) => optional && found.has(name))
    .map(({ name }) => name);
}

/** Reads and checks one file's metadata below `<architecture>.`. */
class HyperparameterReader {
  readonly #metadata: Metadata;
  readonly #fileName: string;

  constructor(metadata: Metadata, fileName: string) {
    this.#metadata = metadata;
    this.#fileName = fileName;
  }

  bad(problem: string): ShoalError {
    return new ShoalError('bad-gguf', `${this.#fileName} is not a valid model: ${problem}.`);
  }

  unsupported(found: string, supported: string): ShoalError {
    return new ShoalError(
      'unsupported-architecture',
      `${this.#fileName}: the model has ${found}; supported: ${supported}.`,
    );
  }

  architectureName(): string {
    const name = this.#metadata.get('general.architecture');
    if (typeof name !== 'string') throw this.bad('general.architecture is missing');
    return name;
  }

  /** A whole number from 1. */
  count(key: string, fallback?: number): number {
    const value = this.positive(key, fallback);
    if (!Number.isSafeInteger(value)) throw this.bad(`${this.#full(key)} is ${value}, expected a whole number`);
    return value;
  }

  positive(key: string, fallback?: number): number {
    const value = this.#forAllLayers(key) ?? fallback;
    if (value === undefined) throw this.bad(`${this.#full(key)} is missing`);
    if (typeof value !== 'number' || !(value > 0) || value === Number.POSITIVE_INFINITY)
      throw this.bad(`${this.#full(key)} is ${value}, expected a positive number`);
    return value;
  }

  /** Converters list some values layer by layer, mostly equal ones. */
  #forAllLayers(key: string): MetadataValue | undefined {
    const value = this.#value(key);
    if (!Array.isArray(value)) return value;
    const [first, ...others] = value as readonly MetadataValue[];
    if (first === undefined || others.some((other) => other !== first))
      throw this.unsupported(`a ${this.#full(key)} for each layer`, 'one for all layers');
    return first;
  }

  /** The tokenizer knows best; a shard behind the first carries only the count. */
  vocabularySize(): number {
    const tokens = this.#metadata.get('tokenizer.ggml.tokens');
    return Array.isArray(tokens) && tokens.length > 0 ? tokens.length : this.count('vocab_size');
  }

  /** @see llama.cpp: `rope.scale_linear` is the older name of `rope.scaling.factor`. */
  ropeScale(): number {
    const scaling = this.#value('rope.scaling.type') ?? 'linear';
    if (scaling === 'none') return 1;
    if (scaling !== 'linear') throw this.unsupported(`rope scaling "${scaling}"`, 'none, linear');
    const factor = this.#value('rope.scaling.factor') ?? this.#value('rope.scale_linear');
    // Converters write 0 for "no scaling".
    if (factor === undefined || factor === 0) return 1;
    return this.positive(
      this.#value('rope.scaling.factor') === undefined ? 'rope.scale_linear' : 'rope.scaling.factor',
    );
  }

  checkNeutral({ neutral }: Architecture): void {
    for (const [key, expected] of Object.entries(neutral)) {
      const value = this.#value(key);
      if (value !== undefined && value !== expected)
        throw this.unsupported(`${this.#full(key)} = ${value}`, `${expected}`);
    }
  }

  #full(key: string): string {
    return `${this.architectureName()}.${key}`;
  }

  #value(key: string): MetadataValue | undefined {
    return this.#metadata.get(this.#full(key));
  }
}
