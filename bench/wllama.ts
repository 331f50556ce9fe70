import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import type { Browser, Page } from 'playwright';
import { createServer } from 'vite';
import type { WllamaRun } from './pages/wllama.ts';
import type { Row, Table } from './report.ts';
import { summarize } from './support/measure.ts';
import type { Plan } from './support/plan.ts';
import { announceStep } from './support/progress.ts';

const THREADS = [1, 2];
/** It reads the longer prompt for half a minute. */
const MAX_REPEATS = 2;
const HEADERS = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

interface Figures {
  readonly loadS: number;
  readonly decode: readonly WllamaRun[];
  /** In the order of the plan's prompts. */
  readonly prefill: readonly (readonly WllamaRun[])[];
}

/** llama.cpp in WebAssembly, in the same browser and on the same file, to hold Shoal's figures against. */
export async function benchWllama(browser: Browser, modelFile: string, plan: Plan): Promise<Table> {
  const server = await createServer({
    cacheDir: '.cache/vite-wllama',
    logLevel: 'error',
    server: { host: '127.0.0.1', port: 0, hmr: false, watch: null, headers: HEADERS },
    // Its worker is made of code inside the bundle, which must stay as it is.
    optimizeDeps: { entries: ['bench/pages/wllama.html'], exclude: ['@wllama/wllama'] },
  });
  await server.listen();
  const address = server.httpServer!.address();
  if (!address || typeof address === 'string') throw new Error('The server of the wllama page has no port.');
  const page = await browser.newPage();
  try {
    await page.goto(`http://127.0.0.1:${address.port}/bench/pages/wllama.html`);
    await page.waitForFunction(() => 'wllama' in window);
    const figures: Figures[] = [];
    for (const threads of THREADS)
      figures.push(await benchThreads(page, `/${relative('.', modelFile)}`, threads, plan));
    return toTable(figures, plan);
  } finally {
    await page.close();
    await server.close();
  }
}

async function benchThreads(page: Page, modelUrl: string, threads: number, plan: Plan): Promise<Figures> {
  announceStep(`wllama with ${threads} thread(s)`);
  const loadS = await page.evaluate(([url, count]) => window.wllama.load(url, count), [modelUrl, threads] as const);
  const run = (prompt: string, tokens: number) =>
    page.evaluate(([text, count]) => window.wllama.run(text, count), [prompt, tokens] as const);
  await run('Warm up.', 2);
  const decode: WllamaRun[] = [];
  const prefill: WllamaRun[][] = plan.promptTokens.map(() => []);
  for (let repeat = 0; repeat < Math.min(plan.repeats, MAX_REPEATS); repeat++) {
    decode.push(await run(`${repeat}. The lighthouse at the end of the bay`, plan.decodeTokens));
    for (const [index, tokens] of plan.promptTokens.entries())
      prefill[index]!.push(await run(promptOf(tokens, repeat), 1));
  }
  return { loadS, decode, prefill };
}

/** About `tokens` tokens of English that begin as no other repeat's do, so that no cache helps. */
function promptOf(tokens: number, repeat: number): string {
  const { perplexity } = JSON.parse(readFileSync('tests/reference/smollm2-135m-q4_1.json', 'utf8')) as {
    perplexity: { text: string; ids: number[] };
  };
  const { text, ids } = perplexity;
  return `${repeat}. ${text.slice(0, Math.round((text.length * (tokens - 2)) / ids.length))}`;
}

function toTable(figures: readonly Figures[], plan: Plan): Table {
  const row = (what: string, unit: string, samples: (figure: Figures) => number[]): Row => ({
    what,
    unit,
    cells: figures.map((figure) => summarize(samples(figure))),
  });
  return {
    title: 'wllama 3.8.1 (llama.cpp in WebAssembly), the same file in the same browser',
    columns: THREADS.map((threads) => `${threads} thread(s)`),
    rows: [
      row(`Decode, ${plan.decodeTokens} tokens`, 'tokens/s', ({ decode }) =>
        decode.map(({ tokensPerSecond }) => tokensPerSecond),
      ),
      ...plan.promptTokens.map((tokens, index) =>
        row(`Prefill, about ${tokens} tokens`, 'tokens/s', ({ prefill }) =>
          prefill[index]!.map(({ promptTokensPerSecond }) => promptTokensPerSecond),
        ),
      ),
      row('Load, file in memory', 's', ({ loadS }) => [loadS]),
    ],
  };
}
