/** Metadata that families leave alone, see `Architecture.neutral`. */

export const COMMON = {
  'attention.causal': true,
  'attention.clamp_kqv': 0,
  'attention.max_alibi_bias': 0,
  'rope.scaling.yarn_ext_factor': 1,
  'rope.scaling.yarn_attn_factor': 1,
};
export const NO_EXPERTS = { expert_count: 0, expert_used_count: 0 };
export const UNSCALED = { embedding_scale: 1, residual_scale: 1, logit_scale: 1 };
export const UNCAPPED = { attn_logit_softcapping: 0, final_logit_softcapping: 0 };
export const SEES_ALL = { 'attention.sliding_window': 0 };

/** Of families whose layers see everything, scale nothing, and may have experts. */
export const PLAIN_OR_EXPERTS = { ...COMMON, ...UNSCALED, ...UNCAPPED, ...SEES_ALL };
/** The same without experts. */
export const PLAIN = { ...PLAIN_OR_EXPERTS, ...NO_EXPERTS };
