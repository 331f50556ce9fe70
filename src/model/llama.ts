import type { Architecture } from './architecture.ts';

/**
 * Llama and what shares its graph (SmolLM, Mistral, TinyLlama, …): RMS norm, rotary positions, grouped-query attention,
 * SwiGLU, no biases.
 */
export const llama: Architecture = {
  name: 'llama',
  globalNames: {
    tokenEmbedding: 'token_embd.weight',
    outputNorm: 'output_norm.weight',
    output: 'output.weight',
  },
  layerNames: (layer) => ({
    attnNorm: `blk.${layer}.attn_norm.weight`,
    attnQ: `blk.${layer}.attn_q.weight`,
    attnK: `blk.${layer}.attn_k.weight`,
    attnV: `blk.${layer}.attn_v.weight`,
    attnOutput: `blk.${layer}.attn_output.weight`,
    ffnNorm: `blk.${layer}.ffn_norm.weight`,
    ffnGate: `blk.${layer}.ffn_gate.weight`,
    ffnUp: `blk.${layer}.ffn_up.weight`,
    ffnDown: `blk.${layer}.ffn_down.weight`,
  }),
  globalShapes: ({ width, vocabularySize }) => ({
    tokenEmbedding: [width, vocabularySize],
    outputNorm: [width],
    output: [width, vocabularySize],
  }),
  layerShapes: ({ width, feedForwardWidth, headCount, kvHeadCount, headSize }) => ({
    attnNorm: [width],
    attnQ: [width, headCount * headSize],
    attnK: [width, kvHeadCount * headSize],
    attnV: [width, kvHeadCount * headSize],
    attnOutput: [headCount * headSize, width],
    ffnNorm: [width],
    ffnGate: [width, feedForwardWidth],
    ffnUp: [width, feedForwardWidth],
    ffnDown: [feedForwardWidth, width],
  }),
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
