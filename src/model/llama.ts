import type { Architecture } from './architecture.ts';
import { denseLayer } from './dense-layer.ts';

/** Llama and what shares its graph: SmolLM2, Mistral, TinyLlama, … */
export const llama: Architecture = {
  name: 'llama',
  layer: (model, every) => denseLayer(model, { ropePairs: 'neighbours', qkvBias: 'maybe' }, every),
  neutral: {
    expert_count: 0,
    expert_used_count: 0,
    'attention.sliding_window': 0,
    'attention.causal': true,
    'attention.clamp_kqv': 0,
    'attention.max_alibi_bias': 0,
    attn_logit_softcapping: 0,
    final_logit_softcapping: 0,
    embedding_scale: 1,
    residual_scale: 1,
    logit_scale: 1,
    'rope.scaling.attn_factor': 1,
  },
};
