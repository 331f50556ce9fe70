import type { Operation, RowOrder, TensorUse } from './graph.ts';
import type { Hyperparameters } from './hyperparameters.ts';

/** How a family's layer differs from the plain one. */
export interface DenseOptions {
  /** Which dimensions of a head rotate together: neighbours, or one of each half. */
  readonly ropePairs: 'neighbours' | 'halves';
  /** Whether its queries, keys and values have biases. `maybe` where its files differ. */
  readonly qkvBias: 'never' | 'maybe' | 'always';
  /** Whether queries and keys are normed head by head. */
  readonly headNorms?: boolean;
}

/**
 * The layer that most families share: RMS norm, rotary positions, grouped-query attention, a gated feed-forward, each
 * half added to what came in.
 * @param every - whether operations on optional tensors are listed that this model lacks
 */
export function denseLayer(model: Hyperparameters, options: DenseOptions, every = false): readonly Operation[] {
  const { width, feedForwardWidth, headCount, kvHeadCount, headSize } = model;
  const order: RowOrder = options.ropePairs === 'halves' ? 'paired' : 'file';
  const use = (name: string, shape: readonly number[], how: Partial<TensorUse> = {}): TensorUse => ({
    ...{ name, shape, order: 'file', optional: false },
    ...how,
  });
  const [queries, keys] = [headCount * headSize, kvHeadCount * headSize];
  const optional = options.qkvBias === 'maybe';
  const biases = [
    use('attn_q.bias', [queries], { order, optional }),
    use('attn_k.bias', [keys], { order, optional }),
    use('attn_v.bias', [keys], { optional }),
  ];
  const biased = options.qkvBias === 'always' || (optional && (every || has(model, biases)));
  return [
    { kind: 'norm', from: 'hidden', to: 'normed', vectors: [use('attn_norm.weight', [width])] },
    {
      kind: 'multiply',
      ...{ from: 'normed', to: 'qkv', add: false },
      matrices: [
        use('attn_q.weight', [width, queries], { order }),
        use('attn_k.weight', [width, keys], { order }),
        use('attn_v.weight', [width, keys]),
      ],
    },
    ...(biased ? [{ kind: 'bias', to: 'qkv', vectors: biases } as const] : []),
    ...(options.headNorms
      ? [
          {
            kind: 'normHeads',
            vectors: [
              use('attn_q_norm.weight', [headSize], { order }),
              use('attn_k_norm.weight', [headSize], { order }),
            ],
          } as const,
        ]
      : []),
    { kind: 'rope' },
    { kind: 'attend' },
    {
      kind: 'multiply',
      ...{ from: 'attended', to: 'hidden', add: true },
      matrices: [use('attn_output.weight', [queries, width])],
    },
    { kind: 'norm', from: 'hidden', to: 'normed', vectors: [use('ffn_norm.weight', [width])] },
    {
      kind: 'multiply',
      ...{ from: 'normed', to: 'gateUp', add: false },
      matrices: [use('ffn_gate.weight', [width, feedForwardWidth]), use('ffn_up.weight', [width, feedForwardWidth])],
    },
    { kind: 'gate' },
    {
      kind: 'multiply',
      ...{ from: 'gated', to: 'hidden', add: true },
      matrices: [use('ffn_down.weight', [feedForwardWidth, width])],
    },
  ];
}

function has({ optionalTensors = [] }: Hyperparameters, uses: readonly TensorUse[]): boolean {
  return uses.some(({ name }) => optionalTensors.includes(name));
}
