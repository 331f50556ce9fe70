import { ShoalError } from '../core/errors.ts';
import type { Grammars } from '../grammar/answer-grammar.ts';
import type { GenerationSummary, Generator } from '../swarm/coordinator/generation.ts';
import type { TokenTable } from '../tokenizer/index.ts';
import { isSize, type ModelText, type Prompt, type PromptSize } from '../tokenizer/model-text.ts';
import { type AnswerDelta, answer } from './answer.ts';
import type { GenerationPlan } from './request.ts';
import type { ChoiceEnd } from './shapes.ts';
import type { Structure } from './structured/structure.ts';
import { type Usage, usageOf } from './usage.ts';

/** OpenAI's defaults: where neither the request nor the model says. */
const GENERAL_SAMPLING = { temperature: 1, topP: 1 };

/** A prompt and what it was answered so far, as exact tokens: another run goes on from there. */
export interface AnswerSoFar {
  readonly promptIds: readonly number[];
  readonly ids: readonly number[];
}

/** How an app keeps an answer, so that it survives a reload. */
export interface Keeping {
  /** What an earlier run of the request came to: the answer goes on from there, its first text being all of it. */
  readonly begun: AnswerSoFar | undefined;
  /** Told once the prompt is encoded, and of every token before its text comes; `ids` is one array that grows. */
  readonly onProgress: (answer: AnswerSoFar) => void;
  /** Ends the answer as interrupted, also while it waits for its turn. */
  readonly signal?: AbortSignal;
}

/** A checked request: what to say to the model, and how to go on. */
export interface Job {
  readonly plan: GenerationPlan;
  /** The model that the request names, if it does. */
  readonly model: string | null | undefined;
  readonly prompt: Prompt;
  /** What the request asks of the answer besides words. */
  readonly structure?: Structure | undefined;
  /** Text that every choice begins with. */
  readonly echo: string;
  /** Whose KV cache is reused as far as the prompts agree. */
  readonly conversation: string;
  /** `performance.now()` at the request. */
  readonly receivedAtMs: number;
  /** Of a job with one choice. */
  readonly keeping?: Keeping;
}

/** What happens while a job runs, in order; `usage` is the last. */
export type JobEvent =
  | { readonly kind: 'delta'; readonly choice: number; readonly delta: AnswerDelta }
  | { readonly kind: 'end'; readonly choice: number; readonly end: ChoiceEnd }
  | { readonly kind: 'usage'; readonly usage: Usage };

export interface JobContext {
  readonly generator: Generator;
  readonly text: () => Promise<ModelText>;
  /** Grammars over the model's tokens. */
  readonly grammars: Grammars;
  readonly modelId: () => string;
  /** Positions that a conversation may hold, prompt and answer. */
  readonly contextLength: () => number;
  /** Ends the choice that runs, and those to come. */
  readonly signal: AbortSignal;
}

/**
 * Makes the choices of a job, one after the other.
 * @throws ShoalError `bad-request`, `context-full`, and what the generator throws
 */
export async function* runJob(job: Job, context: JobContext): AsyncGenerator<JobEvent, void> {
  const { plan, structure, echo, conversation, receivedAtMs, keeping } = job;
  const { generator, signal } = context;
  const text = await context.text();
  const { tokens } = text;
  checkModel(job.model, context.modelId());
  checkBias(plan, tokens);
  const begunIds = keeping?.begun?.ids ?? [];
  const contextLength = context.contextLength();
  const { toolFormat: format } = text;
  const prompt = structure?.tell(job.prompt, format) ?? job.prompt;
  const promptIds = keeping?.begun?.promptIds ?? (await text.encode(prompt, contextLength));
  if (isSize(promptIds)) throw tooLong(promptIds, contextLength);
  const room = roomFor(promptIds.length, contextLength);
  const maxTokens = Math.min(plan.maxTokens ?? room, room);
  const ids = [...begunIds];
  keeping?.onProgress({ promptIds, ids });
  const onToken =
    keeping &&
    ((id: number) => {
      ids.push(id);
      keeping.onProgress({ promptIds, ids });
    });
  // A text completion is what its tokens say. An app that keeps an answer keeps all of it: the page has no need of this.
  const telling = job.prompt.kind === 'chat' && !keeping ? await import('./structured/answer-thoughts.ts') : undefined;
  const begun = plan.thoughtsApart && telling?.endsInThought(tokens, promptIds) === true;
  const grammar = structure?.grammar(format, begun);
  const thoughts = telling?.thoughtsOf(plan.thoughtsApart, grammar, begun);
  const sampling = { ...GENERAL_SAMPLING, ...text.sampling, ...plan.sampling };
  const summaries: GenerationSummary[] = [];
  for (let choice = 0; choice < plan.choices; choice++) {
    if (echo !== '') yield { kind: 'delta', choice, delta: { kind: 'delta', text: echo, logprobs: [] } };
    const { seed: base } = plan.sampling;
    // One seed gives one set of choices, each different.
    const seed = base === undefined ? undefined : base + choice;
    const follower = grammar && (await context.grammars.follow(grammar));
    try {
      const events = answer({
        ...{ generator, tokens, plan, promptIds, maxTokens, sampling: { ...sampling, seed } },
        ...{
          conversation,
          begunIds,
          onToken,
          follower,
          signal,
          isThought: plan.stop.length > 0 ? thoughts?.follow() : undefined,
        },
      });
      const read = structure?.read(events, format) ?? events;
      for await (const event of thoughts?.apart(read) ?? read) {
        if (event.kind === 'delta') yield { kind: 'delta', choice, delta: event };
        else {
          summaries.push(event.summary);
          const { summary, stoppedBy } = event;
          const called = event.called && summary.finishReason === 'stop';
          yield { kind: 'end', choice, end: { finishReason: called ? 'tool_calls' : summary.finishReason, stoppedBy } };
        }
      }
    } finally {
      follower?.close();
    }
  }
  yield { kind: 'usage', usage: usageOf(summaries, performance.now() - receivedAtMs) };
}

/** @throws ShoalError `bad-request` when another model is asked for than the swarm serves */
export function checkModel(wanted: string | null | undefined, served: string): void {
  if (!wanted || wanted === served) return;
  throw new ShoalError(
    'bad-request',
    `This swarm serves the model "${served}", not "${wanted}". Open the invite link of a swarm that serves it.`,
  );
}

function checkBias({ sampling }: GenerationPlan, tokens: TokenTable): void {
  const beyond = [...sampling.logitBias.keys()].find((id) => id >= tokens.size);
  if (beyond === undefined) return;
  throw new ShoalError(
    'bad-request',
    `The request's "logit_bias" names token ${beyond}; the model's tokens are 0 to ${tokens.size - 1}.`,
  );
}

function roomFor(promptTokens: number, contextLength: number): number {
  if (promptTokens === 0) throw new ShoalError('bad-request', 'The prompt is empty; write something.');
  if (promptTokens < contextLength) return contextLength - promptTokens;
  throw tooLong({ tokens: promptTokens, exact: true }, contextLength);
}

function tooLong({ tokens, exact }: PromptSize, contextLength: number): ShoalError {
  return new ShoalError(
    'context-full',
    `The prompt has ${exact ? '' : 'at least '}${tokens} tokens and the model's context ${contextLength}: shorten it or start a new conversation.`,
  );
}
