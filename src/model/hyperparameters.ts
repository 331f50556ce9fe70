import * as v from 'valibot';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const positive = v.pipe(v.number(), v.gtValue(0));

/** Optional tensors that a model may list: each has a place in an architecture's layer, and every list has a bound. */
const MAX_OPTIONAL = 64;
/** Pairs of a head that rotate: the largest heads have 512 dimensions. */
const MAX_PAIRS = 1024;

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
  /** Positions are divided by this (linear scaling, or that of YaRN); 1 for none. */
  ropeScale: positive,
  rmsEpsilon: positive,
  /** Tensors of every layer that its architecture could do without, by their names in a layer; absent for none. */
  optionalTensors: v.optional(v.pipe(v.array(v.pipe(v.string(), v.maxLength(64))), v.maxLength(MAX_OPTIONAL))),
  /** Scaling that spares what turns fast; the numbers of turns over the original length between which it fades. */
  yarn: v.optional(v.object({ originalLength: count, betaFast: positive, betaSlow: positive })),
  /** What rotated dimensions are multiplied with; absent for 1. */
  ropeMagnitude: v.optional(positive),
  /** What each pair's angle is divided by, `[ropeDimensions / 2]`; absent for 1. */
  ropeFactors: v.optional(v.pipe(v.array(positive), v.maxLength(MAX_PAIRS))),
  /** Positions that a local layer sees, its own among them; absent where every layer sees all. */
  window: v.optional(count),
  /** Of so many layers the last sees all positions, the others are local. */
  localPeriod: v.optional(count),
  /** K, D and rotated dimensions of local layers, where those differ. */
  localHeads: v.optional(v.object({ kvHeadCount: count, headSize: count, ropeDimensions: count })),
  /** `ropeBase` of local layers. */
  localRopeBase: v.optional(positive),
  /** What scores are multiplied with; absent for 1/√D. */
  attentionScale: v.optional(positive),
  /** Scores s become `cap · tanh(s / cap)`; absent for none. */
  attentionCap: v.optional(positive),
  /** What the token embedding, what a layer adds, and logits are multiplied with; absent for 1. */
  embeddingScale: v.optional(positive),
  residualScale: v.optional(positive),
  logitScale: v.optional(positive),
  /** Experts that take the feed-forward's place, how many of them a token gets, and F of one; absent for none. */
  experts: v.optional(v.object({ count, used: count, width: count })),
  /** Layers with a state in attention's place, all but the last of every `period`: their heads, each of `headSize`. */
  recall: v.optional(v.object({ keyHeads: count, valueHeads: count, headSize: count, period: count })),
  /** As `attentionCap`, of logits. */
  logitCap: v.optional(positive),
});
export type Hyperparameters = v.InferOutput<typeof hyperparametersSchema>;
