import type { ChatCompletionRequest, CompletionCreateParams } from '@mlc-ai/web-llm';
import * as v from 'valibot';
import { ShoalError } from '../core/errors.ts';
import type { SamplingOptions } from '../swarm/coordinator/generation.ts';
import { DEFAULT_SAMPLING } from '../swarm/coordinator/sampler.ts';

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

/** The part that chat and text requests share, with OpenAI's defaults. */
const generationSchema = v.object({
  stream: v.nullish(v.boolean(), false),
  stream_options: v.nullish(v.object({ include_usage: v.nullish(v.boolean(), false) })),
  n: v.nullish(v.pipe(whole, v.minValue(1), v.maxValue(MAX_CHOICES)), 1),
  max_tokens: v.nullish(v.pipe(whole, v.minValue(1))),
  stop: v.pipe(
    v.nullish(v.union([stopText, v.array(stopText)]), []),
    v.transform((stop) => (typeof stop === 'string' ? [stop] : stop)),
  ),
  temperature: v.nullish(v.pipe(v.number(), v.finite(), v.minValue(0)), 1),
  top_p: v.nullish(v.pipe(v.number(), v.gtValue(0), v.maxValue(1)), 1),
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
});

/** How to generate, as a request asks. */
export interface GenerationPlan {
  readonly includeUsage: boolean;
  readonly choices: number;
  /** Undefined for as many as the context holds. */
  readonly maxTokens: number | undefined;
  readonly stop: readonly string[];
  readonly ignoreEos: boolean;
  readonly logprobs: boolean;
  readonly topLogprobs: number;
  readonly sampling: SamplingOptions;
}

/** @throws ShoalError `bad-request` naming the field, what was expected and what was found */
export function planGeneration(request: ChatCompletionRequest | CompletionCreateParams): GenerationPlan {
  const { success, issues, output } = v.safeParse(generationSchema, request);
  if (!success) {
    const [issue] = issues;
    throw new ShoalError('bad-request', `The request's "${v.getDotPath(issue) ?? ''}" is wrong: ${issue.message}.`);
  }
  if (output.top_logprobs && !output.logprobs)
    throw new ShoalError('bad-request', 'The request has "top_logprobs"; set "logprobs" to true with it.');
  if (output.stream_options && !output.stream)
    throw new ShoalError('bad-request', 'The request has "stream_options"; set "stream" to true with it.');
  return {
    includeUsage: output.stream_options?.include_usage === true,
    choices: output.n,
    maxTokens: output.max_tokens ?? undefined,
    // As in WebLLM: ignoring the end means the stop texts too.
    stop: output.ignore_eos ? [] : output.stop,
    ignoreEos: output.ignore_eos,
    logprobs: output.logprobs,
    topLogprobs: output.top_logprobs ?? 0,
    sampling: {
      ...DEFAULT_SAMPLING,
      temperature: output.temperature,
      topP: output.top_p,
      presencePenalty: output.presence_penalty,
      frequencyPenalty: output.frequency_penalty,
      repetitionPenalty: output.repetition_penalty,
      logitBias: new Map(Object.entries(output.logit_bias).map(([id, bias]) => [Number(id), bias])),
      seed: output.seed ?? undefined,
    },
  };
}
