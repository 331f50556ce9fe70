import type { CompletionUsage } from '@mlc-ai/web-llm';
import type { GenerationSummary } from '../swarm/coordinator/generation.ts';

/** WebLLM's usage, and what APIs that count the whole prompt need. */
export interface Usage extends CompletionUsage {
  readonly extra: CompletionUsage['extra'] & {
    /** Tokens of the prompt, new or not, once for all choices. */
    readonly whole_prompt_tokens: number;
    /** Those of them that a KV cache held when the first choice began. */
    readonly cached_prompt_tokens: number;
  };
}

/**
 * What a request cost, over all its choices. As in WebLLM, prompt tokens are those that were new: what the kept KV
 * cache held already costs nothing.
 * @param e2eMs - from the request to now
 */
export function usageOf(summaries: readonly GenerationSummary[], e2eMs: number): Usage {
  const total = (of: (summary: GenerationSummary) => number): number =>
    summaries.reduce((sum, summary) => sum + of(summary), 0);
  const promptTokens = total((summary) => summary.promptTokens - summary.reusedTokens);
  const completionTokens = total((summary) => summary.completionTokens);
  // The prompt's own run gives the first token.
  const decodedTokens = total((summary) => Math.max(0, summary.completionTokens - 1));
  const prefillS = total((summary) => summary.prefillMs) / 1000;
  const decodeS = total((summary) => summary.decodeMs) / 1000;
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    extra: {
      e2e_latency_s: e2eMs / 1000,
      prefill_tokens_per_s: rate(promptTokens, prefillS),
      decode_tokens_per_s: rate(decodedTokens, decodeS),
      time_to_first_token_s: prefillS,
      time_per_output_token_s: rate(decodeS, decodedTokens),
      whole_prompt_tokens: summaries[0]?.promptTokens ?? 0,
      cached_prompt_tokens: summaries[0]?.reusedTokens ?? 0,
    },
  };
}

function rate(amount: number, per: number): number {
  return per > 0 ? amount / per : 0;
}
