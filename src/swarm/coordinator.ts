import { ShoalError } from '../core/errors.ts';
import { log } from '../core/log.ts';
import type { CandidateRequest } from '../protocol/frames.ts';
import type { GeneratedToken, GenerationRequest, GenerationSummary, Generator, Lap } from './generation.ts';
import { Pipeline, type PipelineDependencies } from './pipeline.ts';
import { repairPipeline } from './repair.ts';
import { NO_CANDIDATES } from './replay.ts';
import type { RoutePlanner } from './route-planner.ts';
import { Sampler } from './sampler.ts';

/** A conversation's KV caches along a route, and the tokens they hold. */
interface Conversation {
  pipeline: Pipeline;
  ids: number[];
}

export interface CoordinatorOptions extends PipelineDependencies {
  readonly contextLength: number;
  readonly routes: RoutePlanner;
}

/** Chunks of a prefill on their way at once for each stage: one that it computes, one that waits for it. */
const CHUNKS_IN_FLIGHT_PER_STAGE = 2;
/** Routes tried for one answer before it ends with the error: each costs a whole replay of the conversation. */
const MAX_REROUTES = 3;
/** Conversations whose KV caches are kept: each holds memory at every stage of its route. */
const MAX_CONVERSATIONS = 4;
/** What another route may mend: the stage is gone or has forgotten; not what the request itself got wrong. */
const MENDED_BY_REROUTE = new Set([
  'peer-gone',
  'peer-unreachable',
  'unknown-session',
  'gpu-lost',
  'shard-not-loaded',
  'timeout',
]);

/** The tab where the prompt is typed: routes, fills the caches, samples, and goes round again. */
export class Coordinator implements Generator {
  readonly #options: CoordinatorOptions;
  readonly #conversations = new Map<string, Conversation>();
  readonly #busy = new Set<string>();

  constructor(options: CoordinatorOptions) {
    this.#options = options;
  }

  async *generate(request: GenerationRequest): AsyncGenerator<GeneratedToken, GenerationSummary> {
    const { contextLength } = this.#options;
    const { promptIds, maxTokens } = request;
    if (promptIds.length === 0) throw new ShoalError('bad-request', 'The prompt holds no token.');
    if (promptIds.length >= contextLength) {
      throw new ShoalError(
        'context-full',
        `The prompt has ${promptIds.length} tokens and the model's context ${contextLength}: shorten it or start a new conversation.`,
      );
    }
    const key = request.conversation ?? `call-${crypto.randomUUID()}`;
    if (this.#busy.has(key))
      throw new ShoalError('bad-request', 'This conversation is answering already; stop that answer first.');
    this.#busy.add(key);
    try {
      return yield* this.#answer(key, request, Math.min(maxTokens, contextLength - promptIds.length));
    } finally {
      this.#busy.delete(key);
      if (request.conversation === undefined) await this.forget(key);
    }
  }

  /** Gives a conversation's KV caches back. */
  async forget(key: string): Promise<void> {
    const conversation = this.#conversations.get(key);
    this.#conversations.delete(key);
    await conversation?.pipeline.close();
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#conversations.keys()].map((key) => this.forget(key)));
  }

  async *#answer(
    key: string,
    request: GenerationRequest,
    maxTokens: number,
  ): AsyncGenerator<GeneratedToken, GenerationSummary> {
    const { promptIds, signal, stopIds, topLogprobs } = request;
    const sampler = new Sampler(request.sampling, promptIds);
    const generated: number[] = [];
    const startedAtMs = performance.now();
    let firstTokenAtMs = startedAtMs;
    let reusedTokens = 0;
    let reroutes = 0;
    const summary = (finishReason: GenerationSummary['finishReason']): GenerationSummary => ({
      finishReason,
      promptTokens: promptIds.length,
      reusedTokens,
      completionTokens: generated.length,
      prefillMs: firstTokenAtMs - startedAtMs,
      decodeMs: performance.now() - firstTokenAtMs,
    });

    while (generated.length < maxTokens) {
      if (signal?.aborted) return summary('abort');
      let step: { row: Parameters<Sampler['sample']>[0]; lap: Lap };
      try {
        const conversation = await this.#conversation(key, signal);
        if (generated.length === 0)
          reusedTokens = Math.min(commonPrefix(conversation.ids, promptIds), promptIds.length - 1);
        step = await this.#advance(
          conversation,
          [...promptIds, ...generated],
          sampler.candidateRequest(topLogprobs),
          request,
        );
      } catch (thrown) {
        const error = ShoalError.from(thrown);
        if (error.code === 'aborted') return summary('abort');
        if (!MENDED_BY_REROUTE.has(error.code) || ++reroutes > MAX_REROUTES) {
          await this.forget(key);
          throw error;
        }
        log.warn('ROUTE', `${error.message} Looking for another route.`);
        await this.#mend(key, signal);
        continue;
      }
      const token = sampler.sample(step.row, topLogprobs);
      if (generated.length === 0) firstTokenAtMs = performance.now();
      if (stopIds.has(token.id)) return summary('stop');
      generated.push(token.id);
      yield { ...token, lap: step.lap };
    }
    return summary('length');
  }

  /** Brings the conversation's caches to `ids` and returns the last row's candidates. */
  async #advance(
    conversation: Conversation,
    ids: readonly number[],
    candidates: CandidateRequest,
    { signal, onPrefill }: GenerationRequest,
  ) {
    const { pipeline } = conversation;
    // The last token is always run: its row is what the next token is drawn from.
    const reused = Math.min(commonPrefix(conversation.ids, ids), ids.length - 1);
    if (reused < pipeline.length) await pipeline.truncate(reused, signal);
    conversation.ids = ids.slice(0, reused);
    const total = ids.length - reused;
    const maxInFlight = pipeline.route.length * CHUNKS_IN_FLIGHT_PER_STAGE;
    const inFlight: Promise<unknown>[] = [];
    try {
      for (let start = reused; ; start += pipeline.maxTaskTokens) {
        signal?.throwIfAborted();
        const chunk = ids.slice(start, start + pipeline.maxTaskTokens);
        const last = start + chunk.length === ids.length;
        const lap = pipeline.execute(Uint32Array.from(chunk), last ? candidates : NO_CANDIDATES);
        conversation.ids.push(...chunk);
        if (last) {
          const { rows, lap: timing } = await lap;
          return { row: rows[0]!, lap: timing };
        }
        inFlight.push(
          lap.then(() =>
            onPrefill?.({ doneTokens: start + chunk.length - reused, totalTokens: total, reusedTokens: reused }),
          ),
        );
        if (inFlight.length >= maxInFlight) await inFlight.shift();
      }
    } finally {
      // Chunks that went out are part of the caches: an abort must not leave while they are on their way.
      await Promise.allSettled(inFlight);
    }
  }

  /** Rebuilds the lost stages of a conversation's route, or forgets it, so that it is built anew on another. */
  async #mend(key: string, signal?: AbortSignal): Promise<void> {
    const conversation = this.#conversations.get(key);
    if (!conversation) return;
    try {
      const options = { ...this.#options, maxTokens: this.#options.contextLength };
      conversation.pipeline = await repairPipeline(options, conversation.pipeline, conversation.ids, signal);
      conversation.ids.length = conversation.pipeline.length;
    } catch (error) {
      log.info('ROUTE', `The whole conversation is sent again: ${ShoalError.from(error).message}`);
      await this.forget(key);
    }
  }

  async #conversation(key: string, signal?: AbortSignal): Promise<Conversation> {
    const kept = this.#conversations.get(key);
    if (kept && !kept.pipeline.broken) return kept;
    if (kept) await this.forget(key);
    const idle = [...this.#conversations.keys()].find((other) => !this.#busy.has(other));
    if (this.#conversations.size >= MAX_CONVERSATIONS && idle !== undefined) await this.forget(idle);
    const pipeline = await Pipeline.open(
      this.#options,
      await this.#options.routes.planRoute(signal),
      this.#options.contextLength,
      signal,
    );
    const conversation: Conversation = { pipeline, ids: [] };
    this.#conversations.set(key, conversation);
    return conversation;
  }
}

function commonPrefix(a: readonly number[], b: readonly number[]): number {
  const end = Math.min(a.length, b.length);
  let length = 0;
  while (length < end && a[length] === b[length]) length++;
  return length;
}
