import type { Architecture } from './architecture.ts';
import { denseLayer } from './dense-layer.ts';
import { readExperts } from './experts.ts';
import { PLAIN_OR_EXPERTS } from './neutral.ts';

/** Llama and what shares its graph: SmolLM2, Mistral and Mixtral, TinyLlama, … */
export const llama: Architecture = {
  name: 'llama',
  layer: (model, _, every) =>
    denseLayer(
      model,
      {
        ropePairs: 'neighbours',
        maybeBiased: ['attn_q', 'attn_k', 'attn_v', 'attn_output', 'ffn_gate', 'ffn_up', 'ffn_down'],
      },
      every,
    ),
  neutral: PLAIN_OR_EXPERTS,
  own: (metadata, sizes) => readExperts(metadata, sizes.feedForwardWidth),
  ropeFactors: true,
};
