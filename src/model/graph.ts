import type { Hyperparameters } from './hyperparameters.ts';

const SLOTS = [
  ...(['hidden', 'normed', 'qkv', 'attended', 'gateUp', 'gated', 'routing', 'choice', 'parts'] as const),
  // Of a feed-forward beside experts, and the sum of both.
  ...(['besideGateUp', 'besideGated', 'besideGate', 'combined'] as const),
  // Of layers with a state, and of attention with a gate.
  ...(['outerGate', 'mixed', 'deltas', 'recalled'] as const),
] as const;
/** Where rows lie between a layer's operations; `slotWidth` has their widths. */
export type Slot = (typeof SLOTS)[number];

/** What `make` makes for each slot. */
export function everySlot<Value>(make: (slot: Slot) => Value): Readonly<Record<Slot, Value>> {
  return Object.fromEntries(SLOTS.map((slot) => [slot, make(slot)])) as Record<Slot, Value>;
}

/** A tensor that an operation uses. */
export interface TensorUse {
  /** In the file; in a layer without its `blk.N.`. */
  readonly name: string;
  /** Innermost dimension first, as in the file. */
  readonly shape: readonly number[];
  /**
   * Rows from the first on that change places when they are loaded, whole heads: of each head, dimension i comes beside
   * dimension i + R/2, R the rotated ones. What rotates pairs of halves then rotates neighbours; queries and keys are
   * ordered alike, so that their products stay the same.
   */
  readonly pairedRows: number;
  /** The heads that those rows are of; the model's D and R unless given. */
  readonly pairedHead?: PairedHead;
  /** Of which rows it is; all of them unless given. */
  readonly part?: RowPart;
  /** Whether the architecture has layers without it; `Hyperparameters.optionalTensors` says whether this model has it. */
  readonly optional: boolean;
}

/** Some of a tensor's rows: of every `every` those from `first` to before `end`. `pairedRows` counts among them. */
export interface RowPart {
  readonly every: number;
  readonly first: number;
  readonly end: number;
}

/** A head whose rotated dimensions are paired: D and R. */
export interface PairedHead {
  readonly size: number;
  readonly rotated: number;
}

/** The heads of a layer's attention: H, K and D. */
export interface HeadShape {
  readonly headCount: number;
  readonly kvHeadCount: number;
  /** A multiple of 4. */
  readonly headSize: number;
}

/** The heads of a layer with a state: values are as many as states, each `[D, D]`. */
export interface RecallHeads {
  readonly keyHeads: number;
  readonly valueHeads: number;
  /** A multiple of 32. */
  readonly headSize: number;
}

/** Elements of a row of what such a layer convolves: queries, keys, values. */
export function mixedWidth({ keyHeads, valueHeads, headSize }: RecallHeads): number {
  return (2 * keyHeads + valueHeads) * headSize;
}

/** One step of a layer. Devices interpret it, and compile only if they know every kind. */
export type Operation =
  /** `to = rms-norm(from) · vectors[0]`, or that added to it. */
  | {
      readonly kind: 'norm';
      readonly from: Slot;
      readonly to: Slot;
      readonly add: boolean;
      readonly vectors: readonly [TensorUse];
    }
  /** `to = from · Wᵀ`, or that added to it; several matrices give their rows one after the other, each filled up to four. */
  | {
      readonly kind: 'multiply';
      readonly from: Slot;
      readonly to: Slot;
      readonly add: boolean;
      readonly matrices: readonly TensorUse[];
    }
  /** Adds to each row the vectors one after the other, each filled up to four. */
  | { readonly kind: 'bias'; readonly to: Slot; readonly vectors: readonly TensorUse[] }
  /** RMS norm of each query head by `vectors[0]` and of each key head by `vectors[1]`, in `qkv`; of value heads as they are. */
  | {
      readonly kind: 'normHeads';
      readonly heads: HeadShape;
      readonly values: boolean;
      readonly vectors: readonly [TensorUse, TensorUse];
    }
  /** `to *= vectors[0]`, one number. */
  | { readonly kind: 'scale'; readonly to: Slot; readonly vectors: readonly [TensorUse] }
  /** `to += scale · from` */
  | { readonly kind: 'add'; readonly from: Slot; readonly to: Slot; readonly scale: number }
  /**
   * Rotates the queries and keys of `qkv` by their position, neighbours as pairs, by one of the architecture's rotations;
   * multiplies the queries with what scores are scaled by; stores keys and values.
   */
  | { readonly kind: 'rope'; readonly heads: HeadShape; readonly rotation: number; readonly scale: number }
  /** Causal attention of the rotated queries, `qkv` to `attended`; with a vector, a sink for each head, see `Sight`. */
  | {
      readonly kind: 'attend';
      readonly heads: HeadShape;
      readonly sight: Sight;
      readonly vectors: readonly TensorUse[];
    }
  /** `to = activation(gate) · up`, both in `from`: of each row once; of a model with experts, `gateUp` has those of each. */
  | {
      readonly kind: 'gate';
      readonly activation: Activation;
      readonly from: 'gateUp' | 'besideGateUp';
      readonly to: 'gated' | 'besideGated';
    }
  /**
   * `choice` = the experts with the greatest logits in `routing`, and as their weights the softmax of `scale` times those
   * logits; with a vector, each weight times its expert's number there.
   */
  | { readonly kind: 'choose'; readonly scale: number; readonly vectors: readonly TensorUse[] }
  /**
   * The product of each row with its chosen experts' rows of the matrices, one expert after the other. From `gated` each
   * expert has a row of its own.
   */
  | {
      readonly kind: 'multiplyChosen';
      readonly from: 'normed' | 'gated';
      readonly to: 'gateUp' | 'parts';
      readonly matrices: readonly TensorUse[];
    }
  /** Adds to each row of each chosen expert its vectors one after the other. */
  | { readonly kind: 'biasChosen'; readonly to: 'gateUp' | 'parts'; readonly vectors: readonly TensorUse[] }
  /** `to = Σ weight · part` over the chosen experts, or that added to it. */
  | { readonly kind: 'addChosen'; readonly to: Slot; readonly add: boolean }
  /** `mixed = silu(Σ weight · mixed)` of each element over the last four positions, `[4, width]`: what was there is state. */
  | { readonly kind: 'convolve'; readonly vectors: readonly [TensorUse] }
  /**
   * The gated delta rule, `mixed` and `deltas` to `recalled`. For each value head a state S `[D, D]` fades by
   * `exp(a · softplus(alpha + dt))`, learns `beta = σ(…)` of what the value is beside the one that the normed key recalls,
   * and is read by the normed query. @see "Gated Delta Networks", Yang et al.
   * @param vectors - dt and a, a number for each value head
   */
  | { readonly kind: 'recall'; readonly vectors: readonly [TensorUse, TensorUse] }
  /**
   * `to *= activation(from)`, element by element, or by the one number of `besideGate`; with a vector, each of `to`'s heads
   * is RMS-normed by that first.
   */
  | {
      readonly kind: 'gateBy';
      readonly from: 'outerGate' | 'besideGate';
      readonly to: 'attended' | 'recalled' | 'besideGated';
      /** D of `to`'s heads; its whole width where there are none. */
      readonly headSize: number;
      readonly activation: 'sigmoid' | 'silu';
      readonly vectors: readonly TensorUse[];
    };

/** What attention sees of what came before. */
export interface Sight {
  /** Positions, the row's own among them; 0 for all. */
  readonly window: number;
  /** Scores s become `cap · tanh(s / cap)`; 0 for no cap. */
  readonly cap: number;
}

/**
 * `gelu` in its form with tanh; `clamped` is gpt-oss's: `silu` of 1.702 · gate, gate at most 7, times up between -7 and 7,
 * plus 1.
 */
export type Activation = 'silu' | 'gelu' | 'clamped';

/** The heads of a layer's attention; undefined for a layer without, which caches no keys and values. */
export function headsOf(operations: readonly Operation[]): HeadShape | undefined {
  return operations.find((operation) => operation.kind === 'attend')?.heads;
}

/** D of the widest. */
export function widestHead(heads: readonly HeadShape[]): number {
  return Math.max(0, ...heads.map(({ headSize }) => headSize));
}

/** Elements of a row, enough for every layer. @param layers - all of the model */
export function slotWidth(slot: Slot, model: Hyperparameters, layers: readonly (readonly Operation[])[]): number {
  const { width, experts, recall } = model;
  const heads = layers.flatMap((layer) => headsOf(layer) ?? []);
  const used = layers.some((layer) => layer.some((operation) => 'to' in operation && operation.to === slot));
  switch (slot) {
    case 'hidden':
    case 'normed':
      return width;
    case 'qkv':
      return Math.max(
        0,
        ...heads.map(({ headCount, kvHeadCount, headSize }) => (headCount + 2 * kvHeadCount) * headSize),
      );
    case 'attended':
      return Math.max(0, ...heads.map(({ headCount, headSize }) => headCount * headSize));
    case 'gateUp':
      // Up begins at a whole group of four.
      return 2 * Math.ceil(slotWidth('gated', model, layers) / 4) * 4;
    case 'gated':
      return experts ? experts.used * experts.width : model.feedForwardWidth;
    case 'routing':
      return experts?.count ?? 0;
    case 'choice':
      // Numbers, then weights.
      return 2 * (experts?.used ?? 0);
    case 'parts':
      return (experts?.used ?? 0) * width;
    case 'besideGateUp':
      return used ? 2 * Math.ceil(model.feedForwardWidth / 4) * 4 : 0;
    case 'besideGated':
      return used ? model.feedForwardWidth : 0;
    case 'besideGate':
      return used ? 1 : 0;
    case 'combined':
      return used ? width : 0;
    case 'outerGate':
      return used ? Math.max(slotWidth('attended', model, layers), slotWidth('recalled', model, layers)) : 0;
    case 'mixed':
      return recall ? mixedWidth(recall) : 0;
    case 'deltas':
      // Betas, then alphas, which begin at a whole group of four.
      return recall ? 2 * Math.ceil(recall.valueHeads / 4) * 4 : 0;
    case 'recalled':
      return recall ? recall.valueHeads * recall.headSize : 0;
  }
}

/** Rows of a matrix, or of those of all experts one below the other; only those that are used. */
export function rowCount({ shape, part }: Pick<TensorUse, 'shape' | 'part'>): number {
  const all = shape.slice(1).reduce((product, dimension) => product * dimension, 1);
  return part ? (all / part.every) * (part.end - part.first) : all;
}

/** Every tensor that the operations use, in their order; one that is used in parts once. */
export function tensorsOf(operations: readonly Operation[]): TensorUse[] {
  const uses = operations.flatMap((operation) => [
    ...('matrices' in operation ? operation.matrices : []),
    ...('vectors' in operation ? operation.vectors : []),
  ]);
  return [...new Map(uses.map((use) => [use.name, use])).values()];
}

/** The new place of row `row` of a head's rows that are paired: `paired` of a head of `headSize`, `rotated` of which turn. */
export function pairedRow(row: number, headSize: number, rotated: number): number {
  const within = row % headSize;
  if (within >= rotated) return row;
  const half = rotated / 2;
  return row - within + (within < half ? 2 * within : 2 * (within - half) + 1);
}
