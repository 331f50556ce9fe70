import type { Architecture } from './architecture.ts';
import { denseLayer } from './dense-layer.ts';
import { PLAIN } from './neutral.ts';

/** Llama and what shares its graph: SmolLM2, Mistral, TinyLlama, … */
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
  neutral: PLAIN,
  ropeFactors: true,
};
