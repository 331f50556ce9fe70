import { Wllama } from '@wllama/wllama/esm/index.js';
import wasmUrl from '@wllama/wllama/esm/wasm/wllama.wasm?url';

/** One answer of wllama, by its own clock. */
export interface WllamaRun {
  readonly promptTokens: number;
  readonly promptTokensPerSecond: number;
  readonly tokensPerSecond: number;
}

interface WllamaBench {
  /** Loads the model. @returns seconds, with the file in memory already */
  load(modelUrl: string, threads: number): Promise<number>;
  run(prompt: string, tokens: number): Promise<WllamaRun>;
}

declare global {
  interface Window {
    wllama: WllamaBench;
  }
}

/** The longest prompt and the answer. */
const CONTEXT = 1024;
let engine: Wllama | undefined;

window.wllama = {
  async load(modelUrl, threads) {
    await engine?.exit();
    engine = new Wllama({ default: new URL(wasmUrl, location.href).href });
    const response = await fetch(modelUrl);
    if (!response.ok) throw new Error(`${modelUrl} gave ${response.status}.`);
    const file = await response.blob();
    const startedAtMs = performance.now();
    await engine.loadModel([file], { n_threads: threads, n_ctx: CONTEXT, n_gpu_layers: 0 });
    return (performance.now() - startedAtMs) / 1000;
  },
  async run(prompt, tokens) {
    const { timings } = await engine!.createCompletion({ prompt, max_tokens: tokens, temperature: 0 });
    return {
      promptTokens: timings!.prompt_n,
      promptTokensPerSecond: timings!.prompt_per_second,
      tokensPerSecond: timings!.predicted_per_second,
    };
  },
};
