import type { ChatCompletionRequest, CompletionCreateParams } from '@mlc-ai/web-llm';
import * as v from 'valibot';
import { ShoalError } from '../core/errors.ts';
import type { SamplingOptions } from '../swarm/coordinator/generation.ts';
import { DEFAULT_SAMPLING } from '../swarm/coordinator/sampler.ts';
import type { SamplingDefaults } from '../tokenizer/index.ts';
import { checkedFields } from './checked-fields.ts';

/** Choices of one request: each is a whole answer, made one after the other. */
const MAX_CHOICES = 128;
/** OpenAI's bound; WebLLM's is 5. */
const MAX_TOP_LOGPROBS = 20;
/** OpenAI's bound of a penalty, either way. */
const MAX_PENALTY = 2;
/** OpenAI's bound of a bias, either way: such a bias forbids or forces a token. */
const MAX_BIAS = 100;

const penalty = v.nullish(v.pipe(v.number(), v.minValue(-MAX_PENALTY), v.maxValue(MAX_PENALTY)), 0);
const stopText = v.pipe(v.string(), v.nonEmpty());
const whole = v.pipe(v.number(), v.safeInteger());

/** OpenAI's bound; above it a model babbles. */
const MAX_TEMPERATURE = 2;

/** Limits or changes nothing of the answer: bookkeeping of the services that OpenAI's clients speak to. */
const HARMLESS = v.nullish(v.unknown());

/** Checked by others. */
const ELSEWHERE = v.nullish(v.unknown());

/** The part that chat and text requests share, with OpenAI's defaults. */
const sharedEntries = {
  model: v.nullish(v.string()),
  stream: v.nullish(v.boolean(), false),
  stream_options: v.nullish(v.strictObject({ include_usage: v.nullish(v.boolean(), false) })),
  n: v.nullish(v.pipe(whole, v.minValue(1), v.maxValue(MAX_CHOICES)), 1),
  max_tokens: v.nullish(v.pipe(whole, v.minValue(1))),
  stop: v.pipe(
    v.nullish(v.union([stopText, v.array(stopText)]), []),
    v.transform((stop) => (typeof stop === 'string' ? [stop] : stop)),
  ),
  temperature: v.nullish(v.pipe(v.number(), v.finite(), v.minValue(0), v.maxValue(MAX_TEMPERATURE))),
  top_p: v.nullish(v.pipe(v.number(), v.gtValue(0), v.maxValue(1))),
  /** llama.cpp's and vLLM's, not OpenAI's; 0 for all candidates. */
  top_k: v.nullish(v.pipe(whole, v.minValue(0)), 0),
  min_p: v.nullish(v.pipe(v.number(), v.minValue(0), v.maxValue(1)), 0),
  presence_penalty: penalty,
  frequency_penalty: penalty,
  repetition_penalty: v.nullish(v.pipe(v.number(), v.finite(), v.gtValue(0)), 1),
  logit_bias: v.nullish(
    v.record(
      v.pipe(v.string(), v.regex(/^\d+$/, 'Expected a token id')),
      v.pipe(v.number(), v.minValue(-MAX_BIAS), v.maxValue(MAX_BIAS)),
    ),
    {},
  ),
  logprobs: v.nullish(v.boolean(), false),
  top_logprobs: v.nullish(v.pipe(whole, v.minValue(0), v.maxValue(MAX_TOP_LOGPROBS))),
  seed: v.nullish(whole),
  ignore_eos: v.nullish(v.boolean(), false),
  user: HARMLESS,
  metadata: HARMLESS,
  store: HARMLESS,
  service_tier: HARMLESS,
  safety_identifier: HARMLESS,
  prompt_cache_key: HARMLESS,
};

/** What a chat request says besides; `chat-prompt.ts` and `structured/` look at it. */
const chatSchema = v.strictObject({
  ...sharedEntries,
  max_completion_tokens: v.nullish(v.pipe(whole, v.minValue(1))),
  messages: ELSEWHERE,
  tools: ELSEWHERE,
  tool_choice: ELSEWHERE,
  parallel_tool_calls: ELSEWHERE,
  response_format: ELSEWHERE,
  extra_body: v.nullish(
    v.strictObject({
      enable_thinking: v.nullish(v.boolean()),
      enable_latency_breakdown: HARMLESS,
      resumable: ELSEWHERE,
      /** Shoal's own, beside WebLLM's: thoughts in `<think>` are apart from the text too. */
      thoughts_apart: v.nullish(v.boolean(), false),
    }),
  ),
});

/** What a text request says besides; the engine looks at it. */
const textSchema = v.strictObject({
  ...sharedEntries,
  prompt: ELSEWHERE,
  echo: v.nullish(v.boolean(), false),
  suffix: ELSEWHERE,
  best_of: ELSEWHERE,
  extra_body: v.nullish(v.strictObject({ enable_latency_breakdown: HARMLESS })),
});

/** How to generate, as a request asks. */
export interface GenerationPlan {
  readonly includeUsage: boolean;
  /** Whether thoughts in `<think>` are apart from the text; those in channels always are. */
  readonly thoughtsApart: boolean;
  readonly choices: number;
  /** Undefined for as many as the context holds. */
  readonly maxTokens: number | undefined;
  readonly stop: readonly string[];
  readonly ignoreEos: boolean;
  readonly logprobs: boolean;
  readonly topLogprobs: number;
  /** Temperature and top-p where the request says; otherwise the model's own count. */
  readonly sampling: Omit<SamplingOptions, 'temperature' | 'topP'> & SamplingDefaults;
}

/**
 * How to make the answer of a chat request.
 * @throws ShoalError `bad-request` naming the field, what was expected and what was found; also for an option that is
 * not known: what would limit or change the answer is not passed over
 */
export function planChat(request: ChatCompletionRequest): GenerationPlan {
  const { max_tokens, max_completion_tokens, ...output } = checkedFields(chatSchema, withoutNulls(request));
  // OpenAI's newer name for the same bound; where both are given, both hold.
  const bounds = [max_tokens, max_completion_tokens].filter((bound) => typeof bound === 'number');
  const plan = planOf(output, bounds.length > 0 ? Math.min(...bounds) : undefined);
  return { ...plan, thoughtsApart: output.extra_body?.thoughts_apart === true };
}

/** As `planChat`, of a text request. @throws ShoalError `bad-request` */
export function planText(request: CompletionCreateParams): GenerationPlan {
  const { max_tokens, ...output } = checkedFields(textSchema, withoutNulls(request));
  return planOf(output, max_tokens ?? undefined);
}

/** Clients send null for what they leave out, also where the option is not known here. */
function withoutNulls(request: unknown): unknown {
  if (typeof request !== 'object' || request === null || Array.isArray(request)) return request;
  return Object.fromEntries(Object.entries(request).filter(([, value]) => value !== null && value !== undefined));
}

const { temperature: _, topP: __, ...NEUTRAL } = DEFAULT_SAMPLING;

type PlannedOptions = Omit<v.InferOutput<typeof textSchema>, 'max_tokens' | 'extra_body' | 'prompt' | 'echo'>;

function planOf(output: Omit<PlannedOptions, 'suffix' | 'best_of'>, maxTokens: number | undefined): GenerationPlan {
  if (output.top_logprobs && !output.logprobs)
    throw new ShoalError('bad-request', 'The request has "top_logprobs"; set "logprobs" to true with it.');
  if (output.stream_options && !output.stream)
    throw new ShoalError('bad-request', 'The request has "stream_options"; set "stream" to true with it.');
  return {
    includeUsage: output.stream_options?.include_usage === true,
    thoughtsApart: false,
    choices: output.n,
    maxTokens,
    // As in WebLLM: ignoring the end means the stop texts too.
    stop: output.ignore_eos ? [] : output.stop,
    ignoreEos: output.ignore_eos,
    logprobs: output.logprobs,
    topLogprobs: output.top_logprobs ?? 0,
    sampling: {
      ...NEUTRAL,
      ...(typeof output.temperature === 'number' ? { temperature: output.temperature } : {}),
      ...(typeof output.top_p === 'number' ? { topP: output.top_p } : {}),
      topK: output.top_k,
      minP: output.min_p,
      presencePenalty: output.presence_penalty,
      frequencyPenalty: output.frequency_penalty,
      repetitionPenalty: output.repetition_penalty,
      logitBias: new Map(Object.entries(output.logit_bias).map(([id, bias]) => [Number(id), bias])),
      seed: output.seed ?? undefined,
    },
  };
}
