import { makeTinyModel } from '../../tests/fixtures/tiny-model.ts';

/** How much is measured. */
export interface Plan {
  /** Of everything that takes seconds. */
  readonly repeats: number;
  readonly decodeTokens: number;
  readonly promptTokens: readonly number[];
  readonly echoes: number;
  readonly kernelRepeats: number;
  /** Undefined for the default model. */
  readonly model: Uint8Array | undefined;
}

/** A short and a longer prompt. */
const PROMPT_TOKENS = [118, 467];

export const FULL: Plan = {
  repeats: 5,
  decodeTokens: 48,
  promptTokens: PROMPT_TOKENS,
  echoes: 200,
  kernelRepeats: 5,
  model: undefined,
};

/** Everything once, on a model that the tests make: shows that the benchmark works, and no time of it means anything. */
export function smokePlan(): Plan {
  return {
    repeats: 1,
    decodeTokens: 4,
    promptTokens: PROMPT_TOKENS,
    echoes: 5,
    kernelRepeats: 1,
    model: makeTinyModel({ width: 256, feedForwardWidth: 512, contextLength: 1024 }),
  };
}
