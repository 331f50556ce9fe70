import type { Architecture } from './architecture.ts';
import { denseLayer } from './dense-layer.ts';
import { readExperts } from './experts.ts';
import { readLocalLayers, windowOf } from './local-layers.ts';
import { COMMON, UNCAPPED, UNSCALED } from './neutral.ts';

/** gpt-oss: experts, sinks, biases everywhere, every other layer local. */
export const gptOss: Architecture = {
  name: 'gpt-oss',
  layer: (model, index) =>
    denseLayer(model, {
      ropePairs: 'halves',
      biased: ['attn_q', 'attn_k', 'attn_v', 'attn_output', 'ffn_gate_inp', 'ffn_gate', 'ffn_up', 'ffn_down'],
      sinks: true,
      feedForwardNorm: 'post_attention_norm',
      activation: 'clamped',
      sight: { window: windowOf(model, index), cap: 0 },
    }),
  neutral: { ...COMMON, ...UNSCALED, ...UNCAPPED },
  own: (metadata, sizes) => ({
    ...readExperts(metadata, sizes.feedForwardWidth),
    ...readLocalLayers(metadata, sizes, { period: 2 }),
  }),
};
