import type { Hyperparameters } from './hyperparameters.ts';

const SLOTS = ['hidden', 'normed', 'qkv', 'attended', 'gateUp', 'gated'] as const;
/** Where rows lie between a layer's operations; `slotWidth` has their widths. */
export type Slot = (typeof SLOTS)[number];

/** What `make` makes for each slot. */
export function everySlot<Value>(make: (slot: Slot) => Value): Readonly<Record<Slot, Value>> {
  return Object.fromEntries(SLOTS.map((slot) => [slot, make(slot)])) as Record<Slot, Value>;
}

/** How the rows of a tensor are put in order when it is loaded. */
export type RowOrder =
  /** As in the file. */
  | 'file'
  /**
   * Of each head, dimension i beside dimension i + R/2, R the rotated ones: what rotates pairs of halves then rotates
   * neighbours. Queries and keys are ordered alike, so that their products stay the same.
   */
  | 'paired';

/** A tensor that an operation uses. */
export interface TensorUse {
  /** In the file; in a layer without its `blk.N.`. */
  readonly name: string;
  /** Innermost dimension first, as in the file. */
  readonly shape: readonly number[];
  readonly order: RowOrder;
  /** Whether the architecture has layers without it; `Hyperparameters.optionalTensors` says whether this model has it. */
  readonly optional: boolean;
}

/** One step of a layer. Devices interpret it, and compile only if they know every kind. */
export type Operation =
  /** `to = rms-norm(from) · vectors[0]` */
  | { readonly kind: 'norm'; readonly from: Slot; readonly to: Slot; readonly vectors: readonly [TensorUse] }
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
  /** RMS norm of each query head by `vectors[0]` and of each key head by `vectors[1]`, in `qkv`. */
  | { readonly kind: 'normHeads'; readonly vectors: readonly [TensorUse, TensorUse] }
  /** Rotates the queries and keys of `qkv` by their position, neighbours as pairs; stores keys and values. */
  | { readonly kind: 'rope' }
  /** Causal attention of the rotated queries, `qkv` to `attended`; scores are divided by √D. */
  | { readonly kind: 'attend' }
  /** `gated = silu(gate) · up`, both in `gateUp` */
  | { readonly kind: 'gate' };

/** Elements of a row. */
export function slotWidth(slot: Slot, model: Hyperparameters): number {
  const { width, feedForwardWidth, headCount, kvHeadCount, headSize } = model;
  switch (slot) {
    case 'hidden':
    case 'normed':
      return width;
    case 'qkv':
      return (headCount + 2 * kvHeadCount) * headSize;
    case 'attended':
      return headCount * headSize;
    case 'gateUp':
      // Up begins at a whole group of four.
      return 2 * Math.ceil(feedForwardWidth / 4) * 4;
    case 'gated':
      return feedForwardWidth;
  }
}

/** Every tensor that the operations use, in their order. */
export function tensorsOf(operations: readonly Operation[]): TensorUse[] {
  return operations.flatMap((operation) => [
    ...('matrices' in operation ? operation.matrices : []),
    ...('vectors' in operation ? operation.vectors : []),
  ]);
}

/** The new place of row `row` of a head's rows that are paired: `paired` of a head of `headSize`, `rotated` of which turn. */
export function pairedRow(row: number, headSize: number, rotated: number): number {
  const within = row % headSize;
  if (within >= rotated) return row;
  const half = rotated / 2;
  return row - within + (within < half ? 2 * within : 2 * (within - half) + 1);
}
