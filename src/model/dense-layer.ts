import type { Activation, HeadShape, Operation, PairedHead, RowPart, Sight, Slot, TensorUse } from './graph.ts';
import type { Hyperparameters } from './hyperparameters.ts';

/** How a family's layer differs from the plain one. */
export interface DenseOptions {
  /** Which dimensions of a head rotate together: neighbours, or one of each half. */
  readonly ropePairs: 'neighbours' | 'halves';
  /** Products with a bias, by the names of their matrices; `maybeBiased` those whose files differ. */
  readonly biased?: readonly string[];
  readonly maybeBiased?: readonly string[];
  /** Whether queries and keys are normed head by head. */
  readonly headNorms?: boolean;
  /** Whether what each half of the layer gives is normed before it is added to what came in. */
  readonly postNorms?: boolean;
  /** Whether queries, keys and values are one matrix, and gate and up another. */
  readonly fused?: boolean;
  readonly activation?: Activation;
  /** The layer's heads and how many of their dimensions rotate, where layers differ; the model's unless given. */
  readonly heads?: HeadShape & { readonly rotated: number };
  /** Which of the architecture's rotations the layer uses; the first unless given. */
  readonly rotation?: number;
  readonly sight?: Sight;
  /** Whether each head has a sink that takes a share of its attention. */
  readonly sinks?: boolean;
  /** The name of the norm before the feed-forward; `ffn_norm` unless given. */
  readonly feedForwardNorm?: string;
  /** Whether the query matrix has rows of a gate behind those of each head, by whose σ what is attended is multiplied. */
  readonly outerGate?: boolean;
  /** What takes attention's place, from `normed` to `hidden`. */
  readonly mixer?: readonly Operation[];
}

const SEES_ALL: Sight = { window: 0, cap: 0 };

/**
 * The layer that most families share: RMS norm, rotary positions, grouped-query attention, a gated feed-forward, each
 * half added to what came in.
 * @param every - whether operations on optional tensors are listed that this model lacks
 */
export function denseLayer(model: Hyperparameters, options: DenseOptions, every = false): readonly Operation[] {
  const { width, feedForwardWidth } = model;
  const builder = new DenseLayerBuilder(model, options, every);
  const gateUp = options.fused
    ? [{ name: 'ffn_up', rows: 2 * feedForwardWidth }]
    : [
        { name: 'ffn_gate', rows: feedForwardWidth },
        { name: 'ffn_up', rows: feedForwardWidth },
      ];
  return [
    norm('attn_norm', 'hidden', 'normed', width),
    ...(options.mixer ?? builder.attention()),
    norm(options.feedForwardNorm ?? 'ffn_norm', 'hidden', 'normed', width),
    ...(model.experts
      ? builder.experts(model.experts)
      : [
          ...builder.product(gateUp, 'normed', width, 'gateUp'),
          { kind: 'gate', activation: options.activation ?? 'silu' } as const,
          ...builder.branch({ name: 'ffn_down', rows: width }, 'gated', feedForwardWidth, 'post_ffw_norm'),
        ]),
  ];
}

/** A matrix by its name without `.weight`. */
interface NamedMatrix {
  readonly name: string;
  readonly rows: number;
  /** As of `TensorUse`; none unless given. */
  readonly pairedRows?: number;
  readonly part?: RowPart;
}

/** The pieces of a layer that depend on its options. */
class DenseLayerBuilder {
  readonly #model: Hyperparameters;
  readonly #options: DenseOptions;
  readonly #every: boolean;

  constructor(model: Hyperparameters, options: DenseOptions, every: boolean) {
    this.#model = model;
    this.#options = options;
    this.#every = every;
  }

  /** From `normed` to `hidden`. */
  attention(): Operation[] {
    const { width, attentionScale } = this.#model;
    const heads = headsOf(this.#model, this.#options);
    const { headCount, kvHeadCount, headSize } = heads;
    const { ropePairs, headNorms, fused, outerGate, rotation, sight, sinks } = this.#options;
    const [queries, keys] = [headCount * headSize, kvHeadCount * headSize];
    const paired = (rows: number) => (ropePairs === 'halves' ? rows : 0);
    const headNorm = (name: string) => ({ ...vector(name, headSize, paired(headSize)), ...pairedHead(this.#options) });
    /** A head's query, then its gate. */
    const half = (index: number): Pick<NamedMatrix, 'rows' | 'part'> => ({
      rows: 2 * queries,
      part: { every: 2 * headSize, first: index * headSize, end: (index + 1) * headSize },
    });
    const qkv = fused
      ? [{ name: 'attn_qkv', rows: queries + 2 * keys, pairedRows: paired(queries + keys) }]
      : [
          { name: 'attn_q', ...(outerGate ? half(0) : { rows: queries }), pairedRows: paired(queries) },
          { name: 'attn_k', rows: keys, pairedRows: paired(keys) },
          { name: 'attn_v', rows: keys },
        ];
    return [
      ...this.product(qkv, 'normed', width, 'qkv'),
      ...(outerGate ? this.product([{ name: 'attn_q', ...half(1) }], 'normed', width, 'outerGate') : []),
      ...(headNorms
        ? [
            {
              ...({ kind: 'normHeads', heads } as const),
              vectors: [headNorm('attn_q_norm.weight'), headNorm('attn_k_norm.weight')] as const,
            },
          ]
        : []),
      { kind: 'rope', heads, rotation: rotation ?? 0, scale: attentionScale ?? 1 / Math.sqrt(headSize) },
      {
        ...({ kind: 'attend', heads } as const),
        sight: sight ?? SEES_ALL,
        vectors: sinks ? [vector('attn_sinks.weight', headCount)] : [],
      },
      ...(outerGate ? [{ kind: 'gateOuter', to: 'attended', activation: 'sigmoid', vectors: [] } as const] : []),
      ...this.branch({ name: 'attn_output', rows: width }, 'attended', queries, 'post_attention_norm'),
    ];
  }

  /** `to = from · Wᵀ + b`, the matrices side by side. */
  product(matrices: readonly NamedMatrix[], from: Slot, columns: number, to: Slot, add = false): Operation[] {
    return [
      {
        ...({ kind: 'multiply', from, to, add } as const),
        matrices: matrices.map((named) => ({ ...matrix(named, columns), ...pairedHead(this.#options) })),
      },
      ...this.#biases(matrices, to),
    ];
  }

  /** What half a layer gives, added to `hidden`: as it is where it can be, else by way of `normed`. */
  branch(named: NamedMatrix, from: Slot, columns: number, postNorm: string): Operation[] {
    const { residualScale } = this.#model;
    if (this.#options.postNorms)
      return [
        ...this.product([named], from, columns, 'normed'),
        norm(postNorm, 'normed', 'hidden', this.#model.width, true),
      ];
    if (residualScale === undefined) return this.product([named], from, columns, 'hidden', true);
    return [
      ...this.product([named], from, columns, 'normed'),
      { kind: 'add', from: 'normed', to: 'hidden', scale: residualScale },
    ];
  }

  /** A feed-forward of the few experts that each row chooses. */
  experts({ count, width: inner }: NonNullable<Hyperparameters['experts']>): Operation[] {
    const { width } = this.#model;
    const stack = (name: string, columns: number, rows: number): TensorUse => ({
      ...{ name: `${name}_exps.weight`, shape: [columns, rows, count] },
      ...{ pairedRows: 0, optional: false },
    });
    const biases = (to: 'gateUp' | 'parts', names: readonly string[], rows: number): Operation[] => {
      const used = names.some((name) => this.#options.biased?.includes(name));
      const vectors = names.map((name) => ({ ...vector(`${name}_exps.bias`, rows), shape: [rows, count] }));
      return used ? [{ kind: 'biasChosen', to, vectors }] : [];
    };
    const gateUp = ['ffn_gate', 'ffn_up'];
    return [
      ...this.product([{ name: 'ffn_gate_inp', rows: count }], 'normed', width, 'routing'),
      { kind: 'choose' },
      {
        ...({ kind: 'multiplyChosen', from: 'normed', to: 'gateUp' } as const),
        matrices: gateUp.map((name) => stack(name, width, inner)),
      },
      ...biases('gateUp', gateUp, inner),
      { kind: 'gate', activation: this.#options.activation ?? 'silu' },
      { kind: 'multiplyChosen', from: 'gated', to: 'parts', matrices: [stack('ffn_down', inner, width)] },
      ...biases('parts', ['ffn_down'], width),
      { kind: 'addChosen' },
    ];
  }

  /** Biases of matrices side by side: all of them or none. */
  #biases(matrices: readonly NamedMatrix[], to: Slot): Operation[] {
    const { biased = [], maybeBiased = [] } = this.#options;
    const optional = matrices.some(({ name }) => maybeBiased.includes(name));
    const vectors = matrices.map(({ name, rows, pairedRows }) => ({
      ...vector(`${name}.bias`, rows, pairedRows),
      ...pairedHead(this.#options),
      optional,
    }));
    const has = vectors.some(({ name }) => this.#model.optionalTensors?.includes(name));
    const used = matrices.some(({ name }) => biased.includes(name)) || (optional && (this.#every || has));
    return used ? [{ kind: 'bias', to, vectors }] : [];
  }
}

function norm(name: string, from: Slot, to: Slot, width: number, add = false): Operation {
  return { kind: 'norm', from, to, add, vectors: [vector(`${name}.weight`, width)] };
}

export function vector(name: string, width: number, pairedRows = 0): TensorUse {
  return { name, shape: [width], pairedRows, optional: false };
}

export function matrix({ name, rows, pairedRows = 0, part }: NamedMatrix, columns: number): TensorUse {
  const use = { name: `${name}.weight`, shape: [columns, rows], pairedRows, optional: false };
  return { ...use, ...(part ? { part } : {}) };
}

function headsOf({ headCount, kvHeadCount, headSize }: Hyperparameters, { heads }: DenseOptions): HeadShape {
  return heads ?? { headCount, kvHeadCount, headSize };
}

function pairedHead({ heads }: DenseOptions): { readonly pairedHead?: PairedHead } {
  return heads ? { pairedHead: { size: heads.headSize, rotated: heads.rotated } } : {};
}
