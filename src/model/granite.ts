import type { Architecture } from './architecture.ts';
import { llama } from './llama.ts';
import { COMMON, NO_EXPERTS, SEES_ALL, UNCAPPED } from './neutral.ts';

/** Granite 3 and 4, dense: Llama's graph with scales of its own for embedding, scores, what a layer adds, and logits. */
export const granite: Architecture = {
  name: 'granite',
  layer: llama.layer,
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
