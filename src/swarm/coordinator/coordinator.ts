import { ShoalError } from '../../core/errors.ts';
import type { Unsubscribe } from '../../core/events.ts';
import { log } from '../../core/log.ts';
import type { CandidateRequest } from '../../protocol/frames.ts';
import type { TrackRecords } from '../route/track-records.ts';
import { NO_CANDIDATES } from '../stage/replay.ts';
import { Auditor } from './auditor.ts';
import type { Checkpoints } from './checkpoints.ts';
import { type Conversation, Conversations, type ConversationsOptions, reusedLength } from './conversations.ts';
import type { GeneratedToken, GenerationRequest, GenerationSummary, Generator, Lap } from './generation.ts';
import type { LiarEvidence } from './liar-evidence.ts';
import type { LiarReports } from './liar-reports.ts';
import type { Lie } from './lie.ts';
import type { RouteEvent } from './route-event.ts';
import { Sampler } from './sampler.ts';

export interface CoordinatorOptions extends Omit<ConversationsOptions, 'maxTokens' | 'isBusy'> {
  readonly contextLength: number;
  /** Tells others of liars, and knows what they tell. */
  readonly reports: LiarReports;
  /** Keeps what shows others that a node lies. */
  readonly evidence: () => Promise<Pick<LiarEvidence, 'keep'>>;
  /** Keeps lasting conversations; undefined where they cannot be. Asked when the first asks. */
  readonly checkpoints?: (() => Promise<Checkpoints>) | undefined;
  /** A check is over. */
  readonly onChecked: () => void;
}

/** Chunks of a prefill on their way at once for each stage: one that it computes, one that waits for it. Fewer after a stage had no room. */
const CHUNKS_IN_FLIGHT_PER_STAGE = 2;
/**
 * Routes tried for one token before the answer ends with the error: each may cost a whole replay of the conversation.
 * Where a node was found to fail, the next route goes around it, and there may be many such.
 */
const MAX_REROUTES = 5;
const MAX_REROUTES_AROUND = 64;
/**
 * What another route may mend: the stage is gone, has forgotten, or holds other positions than it should; not what the
 * request itself got wrong.
 */
const MENDED_BY_REROUTE = new Set([
  'bad-request',
  'bad-result',
  'peer-gone',
  'peer-unreachable',
  'unknown-session',
  'gpu-lost',
  'not-finite',
  'shard-not-loaded',
  'timeout',
]);

/** The tab where the prompt is typed: routes, fills the caches, samples, and goes round again. */
export class Coordinator implements Generator {
  readonly #contextLength: number;
  /** V */
  readonly #vocabularySize: number;
  readonly #conversations: Conversations;
  readonly #records: TrackRecords;
  readonly #auditor: Auditor;
  readonly #checksWanted: () => boolean;
  readonly #onChecked: () => void;
  readonly #checkpoints: (() => Promise<Checkpoints>) | undefined;
  /** Once a lasting conversation has begun. */
  #keeper: Checkpoints | undefined;
  /** Of conversations that rest after an answer. */
  readonly #checks = new Map<string, { readonly abort: AbortController; readonly done: Promise<void> }>();
  /** Conversations that are answering. */
  readonly #busy = new Set<string>();

  constructor({ contextLength, onChecked, reports, evidence, checkpoints, ...options }: CoordinatorOptions) {
    this.#checkpoints = checkpoints;
    this.#contextLength = contextLength;
    this.#vocabularySize = options.vocabularySize;
    this.#records = options.records;
    this.#onChecked = onChecked;
    const isBusy = (key: string) => this.#busy.has(key);
    this.#conversations = new Conversations({ ...options, isBusy, maxTokens: contextLength });
    const leaveOut = (peerId: string, lie: Lie) => this.leaveOut(peerId, lie);
    this.#auditor = new Auditor({ ...options, reports, evidence, leaveOut });
    this.#checksWanted = options.checks;
  }

  /** What happens to the routes of this tab's conversations. */
  onRoute(listener: (event: RouteEvent) => void): Unsubscribe {
    return this.#conversations.onRoute(listener);
  }

  /** Whether this tab waits for an answer. */
  get answering(): boolean {
    return this.#busy.size > 0;
  }

  async *generate(request: GenerationRequest): AsyncGenerator<GeneratedToken, GenerationSummary> {
    const contextLength = this.#contextLength;
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
    this.#keeper?.stop(key);
    try {
      await this.#endCheck(key);
      if (request.lasting) this.#keeper ??= await this.#checkpoints?.().catch(() => undefined);
      return yield* this.#answer(key, request, Math.min(maxTokens, contextLength - promptIds.length));
    } finally {
      this.#busy.delete(key);
      const check = this.#check(key);
      const conversation = request.lasting ? this.#conversations.get(key) : undefined;
      if (conversation) this.#keeper?.soon(key, conversation);
      // The session stays until it is checked; whoever asked does not wait for that.
      if (request.conversation === undefined) await this.#forgetAfter(key, check);
    }
  }

  /** Gives a conversation's KV caches back. */
  forget(key: string): Promise<void> {
    return this.#conversations.forget(key);
  }

  /** Gives a conversation's KV caches back, and deletes what was kept of it: it is not gone on with. */
  async discard(key: string): Promise<void> {
    await this.forget(key);
    await (await this.#checkpoints?.())?.drop(key);
  }

  /** No conversation goes on through a node that was found to lie. */
  leaveOut(peerId: string, lie: Lie): void {
    this.#conversations.leaveOut(peerId, lie);
  }

  /** Resolves when no answer is being checked. */
  async checked(): Promise<void> {
    await Promise.all([...this.#checks.values()].map(({ done }) => done));
  }

  async close(): Promise<void> {
    this.#keeper?.close();
    await Promise.all([...this.#checks.keys()].map((key) => this.#endCheck(key)));
    await this.#conversations.close();
  }

  async #forgetAfter(key: string, check: Promise<void> | undefined): Promise<void> {
    if (check) void check.then(() => this.forget(key));
    else await this.forget(key);
  }

  /** Begins to check the answer that has just ended; undefined when nothing of it is to be checked. */
  #check(key: string): Promise<void> | undefined {
    const conversation = this.#conversations.get(key);
    if (!conversation || !this.#checksWanted()) return undefined;
    const chosen = this.#auditor.choose(conversation);
    if (chosen.length === 0) return undefined;
    const abort = new AbortController();
    const done = this.#auditor.check(conversation, chosen, abort.signal).finally(() => {
      this.#checks.delete(key);
      this.#onChecked();
    });
    this.#checks.set(key, { abort, done });
    return done;
  }

  /** The conversation goes on: what is not checked by now is not. */
  async #endCheck(key: string): Promise<void> {
    const check = this.#checks.get(key);
    check?.abort.abort();
    await check?.done;
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
    let around = 0;
    let chunksPerStage = CHUNKS_IN_FLIGHT_PER_STAGE;
    // What has failed once is computed anew.
    let takesUp = request.lasting && !this.#conversations.get(key);
    const summary = (finishReason: GenerationSummary['finishReason']): GenerationSummary => ({
      finishReason,
      promptTokens: promptIds.length,
      reusedTokens,
      completionTokens: generated.length,
      prefillMs: firstTokenAtMs - startedAtMs,
      decodeMs: performance.now() - firstTokenAtMs,
    });

    this.#conversations.begin(key);
    while (generated.length < maxTokens) {
      if (signal?.aborted) return summary('abort');
      const ids = [...promptIds, ...generated];
      let step: { row: Parameters<Sampler['sample']>[0]; lap: Lap; reused: number; positions: number };
      let conversation: Conversation | undefined;
      const { failures } = this.#records;
      try {
        const allowed = await request.constraint?.allowed(generated);
        if (allowed === 'end') return summary('stop');
        const restoring = takesUp ? await this.#keeper?.find(key, ids) : undefined;
        takesUp = false;
        conversation = await this.#conversations.open(key, ids, request, restoring);
        const candidates = sampler.candidateRequest(topLogprobs, this.#sized(allowed));
        step = await this.#advance(conversation, ids, candidates, request, chunksPerStage);
      } catch (thrown) {
        const error = ShoalError.from(thrown);
        if (error.code === 'aborted') return summary('abort');
        if (error.code === 'busy') {
          chunksPerStage /= 2;
          await this.#conversations.makeWay(key, ids, request);
          continue;
        }
        const mendable = MENDED_BY_REROUTE.has(error.code) || (conversation?.pipeline.gone.size ?? 0) > 0;
        if (this.#records.failures > failures) around++;
        else reroutes++;
        if (!mendable || reroutes > MAX_REROUTES || around > MAX_REROUTES_AROUND) {
          await this.forget(key);
          throw error;
        }
        log.warn('ROUTE', `${error.message} Looking for another route.`);
        await this.#conversations.mend(key, ids, request);
        continue;
      }
      const token = sampler.sample(step.row, topLogprobs);
      if (generated.length === 0) {
        firstTokenAtMs = performance.now();
        reusedTokens = step.reused;
      }
      if (stopIds.has(token.id)) return summary('stop');
      generated.push(token.id);
      reroutes = 0;
      around = 0;
      yield { ...token, lap: step.lap, positions: step.positions };
    }
    return summary('length');
  }

  /** A mask with a word for each 32 ids of the model: its vocabulary may have more than the tokenizer's, none of them allowed. */
  #sized(mask: Uint32Array | undefined): Uint32Array | undefined {
    const words = Math.ceil(this.#vocabularySize / 32);
    if (!mask || mask.length === words) return mask;
    const sized = new Uint32Array(words);
    sized.set(mask.subarray(0, words));
    return sized;
  }

  /** Brings the conversation's caches to `ids`. @returns the last row's candidates, how many tokens were cached, and how many were not */
  async #advance(
    conversation: Conversation,
    ids: readonly number[],
    candidates: CandidateRequest,
    { signal, onPrefill }: GenerationRequest,
    chunksPerStage: number,
  ) {
    await this.#conversations.truncate(conversation, reusedLength(conversation.ids, ids), signal);
    const reused = conversation.ids.length;
    await this.#conversations.move(conversation);
    const { pipeline } = conversation;
    const total = ids.length - reused;
    const maxInFlight = Math.max(1, Math.floor(pipeline.route.length * chunksPerStage));
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
          conversation.stillSinceMs = undefined;
          // Of a part of the vocabulary nobody can tell what all of it was.
          if (!candidates.mask) conversation.given.set(ids.length - 1, rows[0]!);
          return { row: rows[0]!, lap: timing, reused, positions: total };
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
}
