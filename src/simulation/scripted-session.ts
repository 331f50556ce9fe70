import type { LayerRange } from '../core/ranges.ts';
import { maskLogits, topCandidates } from '../engine/candidates.ts';
import type { StageOutput, StageTask } from '../engine/layer-runner.ts';
import type { CandidateRequest, Candidates } from '../protocol/frames.ts';
import type { PretendSession } from './pretend-runner.ts';
import { nextScripted, VOCABULARY_SIZE } from './scripted-text.ts';

/** A row says which token it is of, and what all layers so far have made of it and of what was before. */
const ID_BITS = 12;
const STATE_BITS = 20;
/** C of the simulated model. The first values are bits, as 1 or -1, which no format that rows travel in rounds; then zeros. */
export const ROW_WIDTH = 576;
const STATE_MASK = 2 ** STATE_BITS - 1;

/** 2^32 divided by the golden ratio. */
const GOLDEN_STEP = 0x9e3779b9;

/** The script's token stands so far above the others that nothing else is drawn. */
const SCRIPT_LOGIT = 20;
const OTHER_LOGITS = 6;

export interface ScriptedSessionOptions {
  readonly layers: LayerRange;
  /** The stage's rows are not what its layers compute. */
  readonly lies: boolean;
}

/**
 * The layers of the simulated model in a session. Every layer mixes its number, the position and all that it has seen
 * into a row's state, so that a lie, or a task lost or doubled, shows in all that follows; the last one knows the script.
 */
export class ScriptedSession implements PretendSession {
  readonly #options: ScriptedSessionOptions;
  readonly #ids: number[] = [];
  /** Of each layer, at each position: a hash of all states up to there, in their order. */
  readonly #sums: number[][];

  constructor(options: ScriptedSessionOptions) {
    this.#options = options;
    const { start, end } = options.layers;
    this.#sums = Array.from({ length: end - start }, () => []);
  }

  get length(): number {
    return this.#ids.length;
  }

  truncate(length: number): void {
    for (const seen of [this.#ids, ...this.#sums]) seen.length = length;
  }

  run({ input, candidates }: StageTask): Omit<StageOutput, 'computeMs'> {
    const rows = input.dtype === 'u32' ? [...input.ids].map(embedded) : readRows(input.hidden);
    const outputs = rows.map(({ id, state }, index) => {
      const after = this.#pass(id, state);
      const wanted = candidates?.rows === 'all' || (candidates?.rows === 'last' && index === rows.length - 1);
      return { id, state: after, candidates: wanted ? this.#candidates(after, candidates) : undefined };
    });
    if (!candidates) return { hidden: writeRows(outputs, this.#options.lies) };
    return { rows: outputs.flatMap((output) => output.candidates ?? []) };
  }

  #pass(id: number, state: number): number {
    this.#ids.push(id);
    let passing = state;
    for (const [offset, sums] of this.#sums.entries()) {
      const sum = mixed((sums.at(-1) ?? sums.length) ^ Math.imul(passing + 1, GOLDEN_STEP));
      sums.push(sum);
      passing = mixed(sum + passing + this.#options.layers.start + offset) & STATE_MASK;
    }
    return passing;
  }

  #candidates(state: number, request: CandidateRequest): Candidates {
    const logits = Float32Array.from({ length: VOCABULARY_SIZE }, (_, id) => otherLogit(state, id));
    logits[nextScripted(this.#ids)] = SCRIPT_LOGIT;
    maskLogits(logits, request);
    const sum = logits.reduce((total, logit) => total + Math.exp(logit - SCRIPT_LOGIT), 0);
    return {
      ...topCandidates(logits, Math.min(request.count, VOCABULARY_SIZE)),
      logSumExp: SCRIPT_LOGIT + Math.log(sum),
      wantedLogits: Float32Array.from(request.wantedIds, (id) => logits[id]!),
    };
  }
}

interface Row {
  readonly id: number;
  readonly state: number;
}

function embedded(id: number): Row {
  return { id, state: mixed(id + 1) & STATE_MASK };
}

/** 32 bits, each of which depends on every other. @see https://github.com/aappleby/smhasher MurmurHash3's end */
function mixed(value: number): number {
  let bits = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}

function otherLogit(state: number, id: number): number {
  return (OTHER_LOGITS * (mixed(Math.imul(state, GOLDEN_STEP) + id) & STATE_MASK)) / STATE_MASK;
}

/** @param hidden - `[T, C]` */
function readRows(hidden: Float32Array): Row[] {
  return Array.from({ length: hidden.length / ROW_WIDTH }, (_, row) => {
    const at = row * ROW_WIDTH;
    return { id: readBits(hidden, at, ID_BITS), state: readBits(hidden, at + ID_BITS, STATE_BITS) };
  });
}

function readBits(hidden: Float32Array, start: number, count: number): number {
  let value = 0;
  for (let bit = 0; bit < count; bit++) if (hidden[start + bit]! > 0) value |= 1 << bit;
  return value;
}

/** @returns `[T, C]` */
function writeRows(rows: readonly Row[], lies: boolean): Float32Array {
  const hidden = new Float32Array(rows.length * ROW_WIDTH);
  for (const [row, { id, state }] of rows.entries()) {
    const at = row * ROW_WIDTH;
    writeBits(hidden, at, ID_BITS, id);
    // The text stays as it is: a lie that everybody sees needs no check to be found.
    writeBits(hidden, at + ID_BITS, STATE_BITS, lies ? ~state : state);
  }
  return hidden;
}

function writeBits(hidden: Float32Array, start: number, count: number, value: number): void {
  for (let bit = 0; bit < count; bit++) hidden[start + bit] = (value >> bit) & 1 ? 1 : -1;
}
