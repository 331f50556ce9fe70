/** What a runner must know of a model beside its tensors; the manifest's `hyperparameters`. */
export interface ModelFacts {
  /** GGUF `general.architecture`. */
  readonly architecture: string;
  /** L */
  readonly layerCount: number;
  /** C */
  readonly width: number;
  /** F */
  readonly feedForwardWidth: number;
  /** H */
  readonly headCount: number;
  /** K */
  readonly kvHeadCount: number;
  /** D */
  readonly headSize: number;
  /** V */
  readonly vocabularySize: number;
  /** Positions the model was trained for. */
  readonly contextLength: number;
  readonly ropeBase: number;
  /** Rotated dimensions of each head, at most D. */
  readonly ropeDimensions: number;
  /** Positions are divided by this; 1 for none. */
  readonly ropeScale: number;
  readonly rmsEpsilon: number;
}

/** A layer's tensors by role. */
export interface LayerTensors<Value> {
  readonly attnNorm: Value;
  readonly attnQ: Value;
  readonly attnK: Value;
  readonly attnV: Value;
  readonly attnOutput: Value;
  readonly ffnNorm: Value;
  readonly ffnGate: Value;
  readonly ffnUp: Value;
  readonly ffnDown: Value;
}

/** The tensors outside the layers, by role. */
export interface GlobalTensors<Value> {
  readonly tokenEmbedding: Value;
  readonly outputNorm: Value;
  /** A whole file may leave it out: the token embedding then serves as the output matrix. Shards always have it. */
  readonly output: Value;
}

/** One model family: how its files name things. */
export interface Architecture {
  /** GGUF `general.architecture`. */
  readonly name: string;
  readonly globalNames: GlobalTensors<string>;
  layerNames(layer: number): LayerTensors<string>;
  /** Innermost dimension first, as in the file. */
  globalShapes(facts: ModelFacts): GlobalTensors<readonly number[]>;
  layerShapes(facts: ModelFacts): LayerTensors<readonly number[]>;
  /**
   * Metadata (below `<name>.`) that changes how the model computes, with the one value that is supported. A key that a
   * file leaves out has that value.
   */
  readonly neutral: Readonly<Record<string, number | boolean>>;
}
