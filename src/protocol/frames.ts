import type { WireError } from '../core/errors.ts';
import type { LayerRange } from '../core/ranges.ts';
import type { HiddenFormat } from './hidden-formats.ts';

/**
 * What tabs compute with each other by. It counts up with every change of frames, commands or presence that an older
 * build cannot follow: two builds of different numbers see each other, and give each other no work.
 */
export const WIRE_VERSION = 3;

/** The libp2p protocol of a stream of frames. */
export const ACTIVATION_PROTOCOL = `/shoal/activations/${WIRE_VERSION}.0.0`;

/** One node's place in a route. */
export interface RouteStage {
  readonly peerId: string;
  readonly layers: LayerRange;
}

/** How long a task stayed at one stage, on that stage's own clock. */
export interface StageTiming {
  readonly peerId: string;
  readonly layers: LayerRange;
  /** From the whole frame's arrival until the runner took it up. */
  readonly waitMs: number;
  /** In the runner: upload, kernels, readback. */
  readonly computeMs: number;
  /** Round trip of an empty message on the channel that the frame came by; 0 within one tab. */
  readonly roundTripMs: number;
}

/** Which rows of the last stage's output the coordinator wants candidates of, and how. */
export interface CandidateRequest {
  /** `none` in the middle of a prefill, `last` to sample, `all` to check: of a stage that is not the model's last too. */
  readonly rows: 'none' | 'last' | 'all';
  /** Top candidates a row, at most `MAX_CANDIDATES`. */
  readonly count: number;
  /** Ids whose logits are wanted besides, for logit bias and forced tokens; at most `MAX_WANTED_IDS`. */
  readonly wantedIds: Uint32Array;
  /** Bit `id % 32` of word `id >> 5` set: the token is allowed. `ceil(V / 32)` words; absent allows all. */
  readonly mask?: Uint32Array;
}

/** The top of one row's distribution over the vocabulary. */
export interface Candidates {
  /** Descending by logit; ties ascending by id. */
  readonly ids: Uint32Array;
  readonly logits: Float32Array;
  /** log Σ exp(logit) over the (allowed) vocabulary. */
  readonly logSumExp: number;
  /** In the order of `wantedIds`. */
  readonly wantedLogits: Float32Array;
}

/** `EXECUTE_TASK`: some positions of one session at the first stage of `route`. */
export interface TaskFrame {
  readonly kind: 'task';
  /** 32 hexadecimal digits. */
  readonly session: string;
  /** Counts up within a session, u32. */
  readonly task: number;
  /** Where the result goes. */
  readonly coordinator: string;
  /** The stages still to come; the receiver is the first. */
  readonly route: readonly RouteStage[];
  /** Position of the first token in the session. */
  readonly position: number;
  /** Token ids `[T]` into the first stage of a model, hidden states `[T, C]` into every other. */
  readonly input:
    | { readonly dtype: 'u32'; readonly ids: Uint32Array }
    | { readonly dtype: 'f32'; readonly hidden: Float32Array };
  /** The coarsest format in which hidden states may travel from stage to stage; absent: f32, so that nothing is rounded. */
  readonly wire?: HiddenFormat | undefined;
  readonly candidates: CandidateRequest;
  /** The stages done, in order. */
  readonly timings: readonly StageTiming[];
}

/** The last stage's answer, straight to the coordinator. */
export interface ResultFrame {
  readonly kind: 'result';
  readonly session: string;
  readonly task: number;
  readonly rows: readonly Candidates[];
  /** `[T, C]`: the output of a stage that is not the model's last, where all rows were asked for. */
  readonly hidden?: Float32Array | undefined;
  readonly timings: readonly StageTiming[];
}

/** A stage that could not do its part says so to the coordinator. */
export interface ErrorFrame {
  readonly kind: 'error';
  readonly session: string;
  readonly task: number;
  /** The stage that failed. */
  readonly peerId: string;
  readonly error: WireError;
}

export type Frame = TaskFrame | ResultFrame | ErrorFrame;

/** Tokens, or rows `[T, C]`. */
export function valuesOf(input: TaskFrame['input']): Uint32Array | Float32Array {
  return input.dtype === 'u32' ? input.ids : input.hidden;
}

/** T. @param width - C */
export function positionsOf(input: TaskFrame['input'], width: number): number {
  return input.dtype === 'u32' ? input.ids.length : input.hidden.length / width;
}
