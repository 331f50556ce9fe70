import type { Operation, TensorUse } from './graph.ts';
import type { Hyperparameters } from './hyperparameters.ts';

/** The tensors outside the layers. */
export interface OuterTensors {
  readonly embedding: TensorUse;
  readonly outputNorm: TensorUse;
  /** A whole file may leave it out: the token embedding then serves as the output matrix. Shards always have it. */
  readonly output: TensorUse;
}

/** One model family: its layer as a graph of data. */
export interface Architecture {
  /** GGUF `general.architecture`. */
  readonly name: string;
  /** A layer's operations. With `every` also those that this model's optional tensors are missing for. */
  layer(model: Hyperparameters, every?: boolean): readonly Operation[];
  /**
   * Metadata (below `<name>.`) that changes how the model computes, with the one value that is supported. A key that a
   * file leaves out has that value.
   */
  readonly neutral: Readonly<Record<string, number | boolean>>;
}

/** The same in every architecture. */
export function outerTensors({ width, vocabularySize }: Hyperparameters): OuterTensors {
  const use = (name: string, shape: readonly number[]): TensorUse => ({ name, shape, order: 'file', optional: false });
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
