import * as v from 'valibot';

const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const penalty = v.pipe(v.number(), v.minValue(-2), v.maxValue(2));

/** Each on its own falls back to its default when it is unreadable. */
export const answerOptionsSchema = v.object({
  systemPrompt: v.fallback(v.optional(v.string(), ''), ''),
  /** Of one answer, in tokens. */
  maxTokens: v.fallback(v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(1)), 512), 512),
  /** The model's own where it is undefined. */
  temperature: v.fallback(v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(2))), undefined),
  topP: v.fallback(v.optional(v.pipe(share, v.gtValue(0))), undefined),
  /** Candidates to draw from at most. */
  topK: v.fallback(v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(1))), undefined),
  /** Part of the likeliest token's probability below which none is drawn. */
  minP: v.fallback(v.optional(share), undefined),
  presencePenalty: v.fallback(v.optional(penalty), undefined),
  frequencyPenalty: v.fallback(v.optional(penalty), undefined),
  repetitionPenalty: v.fallback(v.optional(v.pipe(v.number(), v.gtValue(0), v.maxValue(2))), undefined),
  /** The same seed draws the same answer. */
  seed: v.fallback(v.optional(v.pipe(v.number(), v.safeInteger())), undefined),
});

/** How the answers of a conversation are made. */
export type AnswerOptions = Readonly<v.InferOutput<typeof answerOptionsSchema>>;

export const DEFAULT_ANSWER_OPTIONS: AnswerOptions = v.parse(answerOptionsSchema, {});

/** The options among other settings. */
export function answerOptionsOf(settings: AnswerOptions): AnswerOptions {
  return v.parse(answerOptionsSchema, settings);
}
