import { matrix, vector } from './dense-layer.ts';
import { mixedWidth, type Operation } from './graph.ts';
import type { Hyperparameters } from './hyperparameters.ts';

/** Positions that a layer with a state convolves. */
export const CONVOLVED = 4;

/**
 * The gated delta rule in attention's place, from `normed` to `hidden`: a state of fixed size for each head instead of a
 * cache that grows. @see Operation `recall`
 */
export function recallMixer(model: Hyperparameters): readonly Operation[] {
  const { width } = model;
  const { valueHeads, headSize } = model.recall!;
  const values = valueHeads * headSize;
  const mixed = mixedWidth(model.recall!);
  const product = (to: 'mixed' | 'outerGate' | 'deltas', names: readonly string[], rows: number): Operation => ({
    ...({ kind: 'multiply', from: 'normed', to, add: false } as const),
    matrices: names.map((name) => matrix({ name, rows }, width)),
  });
  return [
    product('mixed', ['attn_qkv'], mixed),
    product('outerGate', ['attn_gate'], values),
    product('deltas', ['ssm_beta', 'ssm_alpha'], valueHeads),
    { kind: 'convolve', vectors: [{ ...vector('ssm_conv1d.weight', 0), shape: [CONVOLVED, mixed] }] },
    { kind: 'recall', vectors: [vector('ssm_dt.bias', valueHeads), vector('ssm_a', valueHeads)] },
    {
      kind: 'gateBy',
      from: 'outerGate',
      to: 'recalled',
      headSize,
      activation: 'silu',
      vectors: [vector('ssm_norm.weight', headSize)],
    },
    {
      kind: 'multiply',
      from: 'recalled',
      to: 'hidden',
      add: true,
      matrices: [matrix({ name: 'ssm_out', rows: width }, values)],
    },
  ];
}

/** Whether a layer has a state in attention's place. */
export function recalls({ recall }: Pick<Hyperparameters, 'recall'>, index: number): boolean {
  return recall !== undefined && (index + 1) % recall.period !== 0;
}
