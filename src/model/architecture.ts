import type { ArchitectureMetadata } from './architecture-metadata.ts';
import type { Operation, TensorUse } from './graph.ts';
import type { Hyperparameters } from './hyperparameters.ts';
import { mainRotation, type Rotation } from './rotation.ts';

/** The tensors outside the layers. */
export interface OuterTensors {
  readonly embedding: TensorUse;
  readonly outputNorm: TensorUse;
  /** A whole file may leave it out: the token embedding then serves as the output matrix. Shards always have it. */
  readonly output: TensorUse;
}

/** One model family: its layers as graphs of data. */
export interface Architecture {
  /** GGUF `general.architecture`. */
  readonly name: string;
  /** A layer's operations. With `every` also those that this model's optional tensors are missing for. */
  layer(model: Hyperparameters, index: number, every?: boolean): readonly Operation[];
  /**
   * Metadata (below `<name>.`) that changes how the model computes, with the one value that is supported. A key that a
   * file leaves out has that value.
   */
  readonly neutral: Readonly<Record<string, number | boolean>>;
  /** What this family's files say beside the sizes that all say. @throws ShoalError as `readHyperparameters` */
  readonly own?: (metadata: ArchitectureMetadata, sizes: Hyperparameters) => Partial<Hyperparameters>;
  /** The layer whose sizes are the model's, where files list them layer by layer and layers differ. */
  readonly sizedLayer?: (metadata: ArchitectureMetadata) => number;
  /** What its `rope` operations rotate by; `mainRotation` alone unless given. */
  readonly rotations?: (model: Hyperparameters) => readonly Rotation[];
  /** Whether its files may hold the factors of rotated pairs as tensors, see `ROPE_FACTOR_TENSORS`. */
  readonly ropeFactors?: boolean;
}

/** The rotations that the layers' `rope` operations name by their index. */
export function rotationsOf(architecture: Architecture, model: Hyperparameters): readonly Rotation[] {
  return architecture.rotations?.(model) ?? [mainRotation(model)];
}

/** Every layer's operations, as many as the model has. */
export function layersOf(architecture: Architecture, model: Hyperparameters): (readonly Operation[])[] {
  return Array.from({ length: model.layerCount }, (_, index) => architecture.layer(model, index));
}

/**
 * Tensors of a whole file whose values say how pairs rotate. Shards carry them as metadata, for every shard needs them;
 * the first one keeps the tensors for other programs.
 */
export const ROPE_FACTOR_TENSORS: readonly string[] = [
  'rope_freqs.weight',
  'rope_factors_long.weight',
  'rope_factors_short.weight',
];

/** The same in every architecture. */
export function outerTensors({ width, vocabularySize }: Hyperparameters): OuterTensors {
  const use = (name: string, shape: readonly number[]): TensorUse => ({ name, shape, pairedRows: 0, optional: false });
  return {
    embedding: use('token_embd.weight', [width, vocabularySize]),
    outputNorm: use('output_norm.weight', [width]),
    output: use('output.weight', [width, vocabularySize]),
  };
}

/** The name of a layer's tensor in the file. */
export function layerTensorName(layer: number, { name }: TensorUse): string {
  return `blk.${layer}.${name}`;
}
