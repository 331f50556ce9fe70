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
    model: makeTinyModel({ width: 256, feedForwardWidth: 512, contextLength: 1024 }),
  };
}
