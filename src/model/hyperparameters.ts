import * as v from 'valibot';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const positive = v.pipe(v.number(), v.gtValue(0));

/** Optional tensors that a model may list: each has a place in an architecture's layer, and every list has a bound. */
const MAX_OPTIONAL = 64;

/** What a runner must know of a model beside its tensors, and the manifest says. Letters as in ARCHITECTURE.md. */
export const hyperparametersSchema = v.object({
  /** GGUF `general.architecture`. */
  architecture: v.string(),
  /** L */
  layerCount: count,
  /** C */
  width: count,
  /** F */
  feedForwardWidth: count,
  /** H */
  headCount: count,
  /** K */
  kvHeadCount: count,
  /** D */
  headSize: count,
  /** V */
  vocabularySize: count,
  /** Positions the model was trained for. */
  contextLength: count,
  ropeBase: positive,
  /** Rotated dimensions of each head, at most D. */
  ropeDimensions: count,
  /** Positions are divided by this (linear scaling); 1 for none. */
  ropeScale: positive,
  rmsEpsilon: positive,
  /** Tensors of every layer that its architecture could do without, by their names in a layer; absent for none. */
  optionalTensors: v.optional(v.pipe(v.array(v.pipe(v.string(), v.maxLength(64))), v.maxLength(MAX_OPTIONAL))),
});
export type Hyperparameters = v.InferOutput<typeof hyperparametersSchema>;
