import type { StageTiming } from '../../protocol/frames.ts';
import type { Wait } from '../route/wait.ts';

/** How the coordinator picks the next token from the candidates. */
export interface SamplingOptions {
  /** 0 is greedy. */
  readonly temperature: number;
  readonly topP: number;
  /** 0 for all candidates. */
  readonly topK: number;
  /** Part of the likeliest candidate's probability below which none is drawn; 0 for none. */
  readonly minP: number;
  readonly presencePenalty: number;
  readonly frequencyPenalty: number;
  /** 1 for none; above 1 discourages what was said. */
  readonly repetitionPenalty: number;
  /** Added to the logits of these ids. */
  readonly logitBias: ReadonlyMap<number, number>;
  /** Same seed, same text; undefined draws one. */
  readonly seed: number | undefined;
}

/** Says which tokens an answer may go on with. */
export interface TokenConstraint {
  /**
   * @param generated - the tokens of this generation so far
   * @returns bit `id % 32` of word `id >> 5` set for each that may follow, at most `[ceil(V / 32)]`; `end` where none may
   */
  allowed(generated: readonly number[]): Promise<Uint32Array | 'end'>;
}

export interface GenerationRequest {
  /** The conversation whose KV cache is reused as far as its tokens agree; undefined opens a session for this call. */
  readonly conversation?: string;
  /** A later page may go on with the conversation: its stages keep it in their storage when it rests. */
  readonly lasting?: boolean;
  readonly promptIds: readonly number[];
  readonly maxTokens: number;
  /** Generation ends after any of these; it is not yielded. */
  readonly stopIds: ReadonlySet<number>;
  readonly sampling: SamplingOptions;
  /** Alternatives reported with each token. */
  readonly topLogprobs: number;
  /** All tokens are allowed without it. */
  readonly constraint?: TokenConstraint | undefined;
  readonly signal?: AbortSignal;
  /** Told while the prompt is processed. */
  readonly onPrefill?: (progress: {
    readonly doneTokens: number;
    readonly totalTokens: number;
    readonly reusedTokens: number;
  }) => void;
  /** Told when the answer has to wait, about once a second while it does, and with undefined when it goes on. */
  readonly onWait?: (wait: Wait | undefined) => void;
  /** False takes the swarm as it is: nobody is asked to load what nobody serves. */
  readonly recruits?: boolean;
  /** Nodes that a new session goes around: they run the shards alone that nobody else serves. */
  readonly avoid?: ReadonlySet<string>;
}

export interface TokenLogprob {
  readonly id: number;
  readonly logprob: number;
}

/** One lap of the pipeline as the coordinator saw it: the stages' own timings plus what is left, which is the wire. */
export interface Lap {
  readonly totalMs: number;
  readonly stages: readonly (StageTiming & { readonly wireMs: number })[];
}

export interface GeneratedToken extends TokenLogprob {
  readonly top: readonly TokenLogprob[];
  readonly lap: Lap;
  /** That were computed since the token before: one, or the prompt's too. */
  readonly positions: number;
}

export interface GenerationSummary {
  readonly finishReason: 'stop' | 'length' | 'abort';
  readonly promptTokens: number;
  /** Prompt tokens that the kept KV cache already held. */
  readonly reusedTokens: number;
  readonly completionTokens: number;
  readonly prefillMs: number;
  readonly decodeMs: number;
}

/** What turns a prompt into tokens; implemented by the coordinator over a route. */
export interface Generator {
  /**
   * @throws ShoalError `shard-missing` naming the layers nobody serves, `context-full`, `peer-gone` in mid-answer
   */
  generate(request: GenerationRequest): AsyncGenerator<GeneratedToken, GenerationSummary>;
}
