import type { Architecture } from './architecture.ts';
import { denseLayer } from './dense-layer.ts';
import { COMMON, NO_EXPERTS, SEES_ALL, UNCAPPED } from './neutral.ts';

/** Granite 3 and 4, dense: Llama's graph with scales of its own for embedding, scores, what a layer adds, and logits. */
export const granite: Architecture = {
  name: 'granite',
  layer: (model, _, every) =>
    denseLayer(
      model,
      {
        ropePairs: 'neighbours',
        maybeBiased: ['attn_q', 'attn_k', 'attn_v', 'attn_output', 'ffn_gate', 'ffn_up', 'ffn_down'],
      },
      every,
    ),
  neutral: { ...COMMON, ...NO_EXPERTS, ...UNCAPPED, ...SEES_ALL, 'rope.scaling.finetuned': true },
  own: (metadata) => {
    const logitDivisor = metadata.maybePositive('logit_scale');
    const scales = {
      embeddingScale: metadata.maybePositive('embedding_scale'),
      residualScale: metadata.maybePositive('residual_scale'),
      attentionScale: metadata.maybePositive('attention.scale'),
      logitScale: logitDivisor === undefined ? undefined : 1 / logitDivisor,
    };
    return Object.fromEntries(Object.entries(scales).filter(([, scale]) => scale !== undefined));
  },
  ropeFactors: true,
};
