import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Browser } from 'playwright';
import { createServer } from 'vite';
import type { WllamaRun } from './pages/wllama.ts';
import { type Distribution, summarize } from './support/measure.ts';
import type { Plan } from './support/plan.ts';
import { announceStep } from './support/progress.ts';

/** It reads the longer prompt for half a minute. */
const MAX_REPEATS = 2;
const HEADERS = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

/** Tokens a second. */
export interface WllamaSpeed {
  /** With the file in memory. */
  readonly loadS: number;
  readonly decode: Distribution;
  /** In the order of the plan's prompts. */
  readonly prefill: readonly Distribution[];
}

/** A page with wllama. */
export interface WllamaPage {
  /** @returns seconds, with the file in memory already */
  load(modelFile: string, threads: number): Promise<number>;
  run(prompt: string, tokens: number): Promise<WllamaRun>;
  close(): Promise<void>;
}

/** llama.cpp in WebAssembly, in the same browser and on the same file, to hold Shoal's figures against. */
export async function benchWllama(
  browser: Browser,
  modelFile: string,
  plan: Plan,
  threads: readonly number[],
): Promise<WllamaSpeed[]> {
  const page = await openWllama(browser);
  const figures: WllamaSpeed[] = [];
  try {
    for (const count of threads) figures.push(await benchThreads(page, modelFile, count, plan));
  } finally {
    await page.close();
  }
  return figures;
}

export async function openWllama(browser: Browser): Promise<WllamaPage> {
  const server = await createServer({
    cacheDir: '.cache/vite-wllama',
    logLevel: 'error',
    server: { host: '127.0.0.1', port: 0, hmr: false, watch: null, headers: HEADERS, fs: { strict: false } },
    // Its worker is made of code inside the bundle, which must stay as it is.
    optimizeDeps: { entries: ['bench/pages/wllama.html'], exclude: ['@wllama/wllama'] },
  });
  await server.listen();
  const address = server.httpServer!.address();
  if (!address || typeof address === 'string') throw new Error('The server of the wllama page has no port.');
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${address.port}/bench/pages/wllama.html`);
  await page.waitForFunction(() => 'wllama' in window);
  return {
    load: (modelFile, threads) =>
      page.evaluate(([url, count]) => window.wllama.load(url, count), [`/@fs${resolve(modelFile)}`, threads] as const),
    run: (prompt, tokens) =>
      page.evaluate(([text, count]) => window.wllama.run(text, count), [prompt, tokens] as const),
    close: async () => {
      await page.close();
      await server.close();
    },
  };
}

async function benchThreads(page: WllamaPage, modelFile: string, threads: number, plan: Plan): Promise<WllamaSpeed> {
  announceStep(`wllama with ${threads} thread(s)`);
  const loadS = await page.load(modelFile, threads);
  await page.run('Warm up.', 2);
  const decode: WllamaRun[] = [];
  const prefill: WllamaRun[][] = plan.promptTokens.map(() => []);
  for (let repeat = 0; repeat < Math.min(plan.repeats, MAX_REPEATS); repeat++) {
    decode.push(await page.run(`${repeat}. The lighthouse at the end of the bay`, plan.decodeTokens));
    for (const [index, tokens] of plan.promptTokens.entries())
      prefill[index]!.push(await page.run(promptOf(tokens, repeat), 1));
  }
  return {
    loadS,
    decode: summarize(decode.map(({ tokensPerSecond }) => tokensPerSecond)),
    prefill: prefill.map((runs) => summarize(runs.map(({ promptTokensPerSecond }) => promptTokensPerSecond))),
  };
}

/** About `tokens` tokens of English that begin as no other repeat's do, so that no cache helps. */
function promptOf(tokens: number, repeat: number): string {
  const { perplexity } = JSON.parse(readFileSync('tests/reference/smollm2-135m-q4_1.json', 'utf8')) as {
    perplexity: { text: string; ids: number[] };
  };
  const { text, ids } = perplexity;
  return `${repeat}. ${text.slice(0, Math.round((text.length * (tokens - 2)) / ids.length))}`;
}
