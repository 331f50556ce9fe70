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
  /** Whether values are normed too, without weights. */
  readonly valueNorms?: boolean;
  /** Whether the keys' product is the values' too, before norms and rotation. */
  readonly keysAreValues?: boolean;
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
  /** Whether beside the experts that rows choose there is one that all share, by a gate of its own; F is its width. */
  readonly sharedExpert?: boolean;
}

const SEES_ALL: Sight = { window: 0, cap: 0 };

/**
 * The layer that most families share: RMS norm, rotary positions, grouped-query attention, a gated feed-forward, each
 * half added to what came in.
 * @param every - whether operations on optional tensors are listed that this model lacks
 */
export function denseLayer(model: Hyperparameters, options: DenseOptions, every = false): readonly Operation[] {
  return [...attentionHalf(model, options, every), ...feedForwardHalf(model, options, every)];
}

/** The part of `denseLayer` up to the feed-forward's norm. @param every - as there */
export function attentionHalf(model: Hyperparameters, options: DenseOptions, every = false): readonly Operation[] {
  return [
    norm('attn_norm', 'hidden', 'normed', model.width),
    ...(options.mixer ?? attentionMixer(model, options, every)),
  ];
}

/** Attention from `normed` to `hidden`. */
function attentionMixer(model: Hyperparameters, options: DenseOptions, every: boolean): readonly Operation[] {
  const { width } = model;
  const { headCount, kvHeadCount, headSize } = options.heads ?? model;
  const heads = { headCount, kvHeadCount, headSize };
  const [queries, keys] = [headCount * headSize, kvHeadCount * headSize];
  const paired = (rows: number) => (options.ropePairs === 'halves' ? rows : 0);
  const builder = new DenseLayerBuilder(model, options, every);
  /** A head's query, then its gate. */
  const half = (index: number): Pick<NamedMatrix, 'rows' | 'part'> => ({
    rows: 2 * queries,
    part: { every: 2 * headSize, first: index * headSize, end: (index + 1) * headSize },
  });
  const qkv = options.fused
    ? [{ name: 'attn_qkv', rows: queries + 2 * keys, pairedRows: paired(queries + keys) }]
    : [
        { name: 'attn_q', ...(options.outerGate ? half(0) : { rows: queries }), pairedRows: paired(queries) },
        { name: 'attn_k', rows: keys, pairedRows: paired(keys) },
        // Keys that are values too are loaded once more, in the file's own order of rows.
        { name: options.keysAreValues ? 'attn_k' : 'attn_v', rows: keys },
      ];
  const headNorm = (name: string) => ({ ...vector(name, headSize, paired(headSize)), ...pairedHead(options) });
  return [
    ...builder.product(qkv, 'normed', width, 'qkv'),
    ...(options.outerGate ? builder.product([{ name: 'attn_q', ...half(1) }], 'normed', width, 'outerGate') : []),
    ...(options.headNorms
      ? [
          {
            ...({ kind: 'normHeads', heads, values: options.valueNorms ?? false } as const),
            vectors: [headNorm('attn_q_norm.weight'), headNorm('attn_k_norm.weight')] as const,
          },
        ]
      : []),
    { kind: 'rope', heads, rotation: options.rotation ?? 0, scale: model.attentionScale ?? 1 / Math.sqrt(headSize) },
    {
      kind: 'attend',
      heads,
      sight: options.sight ?? SEES_ALL,
      vectors: options.sinks ? [vector('attn_sinks.weight', headCount)] : [],
    },
    ...(options.outerGate
      ? [{ kind: 'gateBy', from: 'outerGate', to: 'attended', headSize, activation: 'sigmoid', vectors: [] } as const]
      : []),
    ...builder.branch({ name: 'attn_output', rows: width }, 'attended', queries, 'post_attention_norm'),
  ];
}

function feedForwardHalf(model: Hyperparameters, options: DenseOptions, every: boolean): readonly Operation[] {
  const { width, feedForwardWidth } = model;
  const builder = new DenseLayerBuilder(model, options, every);
  const gateUp = options.fused
    ? [{ name: 'ffn_up', rows: 2 * feedForwardWidth }]
    : [
        { name: 'ffn_gate', rows: feedForwardWidth },
        { name: 'ffn_up', rows: feedForwardWidth },
      ];
  return [
    norm(options.feedForwardNorm ?? 'ffn_norm', 'hidden', 'normed', width),
    ...(model.experts
      ? builder.experts(model.experts)
      : [
          ...builder.product(gateUp, 'normed', width, 'gateUp'),
          builder.gate(),
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

/** The pieces of a layer that depend on its options. @param every - as of `denseLayer` */
export class DenseLayerBuilder {
  readonly #model: Hyperparameters;
  readonly #options: DenseOptions;
  readonly #every: boolean;

  constructor(model: Hyperparameters, options: DenseOptions, every = false) {
    this.#model = model;
    this.#options = options;
    this.#every = every;
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

  gate(): Operation {
    return { kind: 'gate', activation: this.#options.activation ?? 'silu', from: 'gateUp', to: 'gated' };
  }

  /** A feed-forward of the few experts that each row chooses. */
  experts({ count, width: inner }: NonNullable<Hyperparameters['experts']>): Operation[] {
    const { width } = this.#model;
    const biases = (to: 'gateUp' | 'parts', names: readonly string[], rows: number): Operation[] => {
      const used = names.some((name) => this.#options.biased?.includes(name));
      const vectors = names.map((name) => ({ ...vector(`${name}_exps.bias`, rows), shape: [rows, count] }));
      return used ? [{ kind: 'biasChosen', to, vectors }] : [];
    };
    const gateUp = ['ffn_gate', 'ffn_up'];
    const multiplyGateUp = (matrices: readonly TensorUse[]): Operation => ({
      ...{ kind: 'multiplyChosen', from: 'normed', to: 'gateUp', matrices },
    });
    /** Newer files have gate and up of each expert as one. */
    const fused = multiplyGateUp([{ ...stack('ffn_gate_up', [width, 2 * inner, count]), optional: true }]);
    const isFused = this.#model.optionalTensors?.includes('ffn_gate_up_exps.weight');
    return [
      ...this.product([{ name: 'ffn_gate_inp', rows: count }], 'normed', width, 'routing'),
      { kind: 'choose', scale: 1, vectors: [] },
      ...(isFused || this.#every ? [fused] : []),
      ...(isFused ? [] : [multiplyGateUp(gateUp.map((name) => stack(name, [width, inner, count])))]),
      ...biases('gateUp', gateUp, inner),
      this.gate(),
      { kind: 'multiplyChosen', from: 'gated', to: 'parts', matrices: [stack('ffn_down', [inner, width, count])] },
      ...biases('parts', ['ffn_down'], width),
      { kind: 'addChosen', to: 'hidden', add: true },
      ...(this.#options.sharedExpert ? this.#sharedExpert() : []),
    ];
  }

  #sharedExpert(): Operation[] {
    const { width, feedForwardWidth } = this.#model;
    const gateUp = ['ffn_gate_shexp', 'ffn_up_shexp'].map((name) => ({ name, rows: feedForwardWidth }));
    return [
      ...this.product(gateUp, 'normed', width, 'besideGateUp'),
      { kind: 'gate', activation: 'silu', from: 'besideGateUp', to: 'besideGated' },
      {
        ...({ kind: 'multiply', from: 'normed', to: 'besideGate', add: false } as const),
        matrices: [vector('ffn_gate_inp_shexp.weight', width)],
      },
      {
        ...({ kind: 'gateBy', from: 'besideGate', to: 'besideGated', headSize: feedForwardWidth } as const),
        ...({ activation: 'sigmoid', vectors: [] } as const),
      },
      ...this.product([{ name: 'ffn_down_shexp', rows: width }], 'besideGated', feedForwardWidth, 'hidden', true),
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

/** Matrices of a layer's experts, one below the other. @param shape - columns, rows of one, experts */
export function stack(name: string, shape: readonly [number, number, number]): TensorUse {
  return { name: `${name}_exps.weight`, shape, pairedRows: 0, optional: false };
}

/** @param name - without `.weight` */
export function norm(name: string, from: Slot, to: Slot, width: number, add = false): Operation {
  return { kind: 'norm', from, to, add, vectors: [vector(`${name}.weight`, width)] };
}

export function vector(name: string, width: number, pairedRows = 0): TensorUse {
  return { name, shape: [width], pairedRows, optional: false };
}

export function matrix({ name, rows, pairedRows = 0, part }: NamedMatrix, columns: number): TensorUse {
  const use = { name: `${name}.weight`, shape: [columns, rows], pairedRows, optional: false };
  return { ...use, ...(part ? { part } : {}) };
}

function pairedHead({ heads }: DenseOptions): { readonly pairedHead?: PairedHead } {
  return heads ? { pairedHead: { size: heads.headSize, rotated: heads.rotated } } : {};
}
