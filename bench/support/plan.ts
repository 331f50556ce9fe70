import { makeTinyModel } from '../../tests/fixtures/tiny-model.ts';
import type { PathSettings } from './netlab.ts';

/** How much is measured. */
export interface Plan {
  /** Of everything that takes seconds. */
  readonly repeats: number;
  readonly decodeTokens: number;
  /** Of one answer, each way that it travels, between tabs that are far apart. */
  readonly wanTokens: number;
  readonly promptTokens: readonly number[];
  readonly echoes: number;
  /** Networks between the tabs, for those that are far apart. */
  readonly paths: readonly PathSettings[];
  readonly kernelRepeats: number;
  /** Of the swarm in memory, with a leave and a join in each of the simulated seconds. */
  readonly scale: { readonly nodes: number; readonly sessions: number; readonly seconds: number };
  /** Undefined for the default model. */
  readonly model: Uint8Array | undefined;
}

/** A short and a longer prompt. */
const PROMPT_TOKENS = [118, 467];

export const FULL: Plan = {
  repeats: 5,
  decodeTokens: 48,
  wanTokens: 24,
  promptTokens: PROMPT_TOKENS,
  echoes: 200,
  paths: [0, 50, 100].flatMap((roundTripMs) => [0, 0.01].map((loss) => ({ roundTripMs, loss }))),
  kernelRepeats: 5,
  scale: { nodes: 200, sessions: 50, seconds: 120 },
  model: undefined,
};

/** Everything once, on a model that the tests make: shows that the benchmark works, and no time of it means anything. */
export function smokePlan(): Plan {
  return {
    repeats: 1,
    decodeTokens: 4,
    wanTokens: 4,
    promptTokens: PROMPT_TOKENS,
    echoes: 5,
    paths: [{ roundTripMs: 20, loss: 0 }],
    kernelRepeats: 1,
    scale: { nodes: 40, sessions: 4, seconds: 5 },
    model: makeTinyModel({ width: 256, feedForwardWidth: 512, contextLength: 1024 }),
  };
}
