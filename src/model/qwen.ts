import type { Architecture } from './architecture.ts';
import { denseLayer } from './dense-layer.ts';
import { readExperts } from './experts.ts';
import { PLAIN, PLAIN_OR_EXPERTS } from './neutral.ts';

/** Qwen 1.5 to 2.5: biases on queries, keys and values. */
export const qwen2: Architecture = {
  name: 'qwen2',
  layer: (model) => denseLayer(model, { ropePairs: 'halves', biased: ['attn_q', 'attn_k', 'attn_v'] }),
  neutral: { ...PLAIN, use_sliding_window: false },
};

/** Qwen 3: no biases, queries and keys normed head by head. */
export const qwen3: Architecture = {
  name: 'qwen3',
  layer: (model) => denseLayer(model, { ropePairs: 'halves', headNorms: true }),
  neutral: PLAIN,
};

/** Qwen 3 with experts. */
export const qwen3moe: Architecture = {
  name: 'qwen3moe',
  layer: qwen3.layer,
  neutral: PLAIN_OR_EXPERTS,
  own: (metadata, sizes) => readExperts(metadata, sizes.feedForwardWidth),
};
