import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type PackedLibrary, runTool } from './packed-library.ts';

/** One line of a file, and what stands there over Shoal. */
interface ChangedLine {
  readonly file: string;
  readonly imports: string;
  readonly from: string;
  readonly to: string;
}

/** An example that WebLLM publishes (`tests/fixtures/web-llm`), and its lines that are others over Shoal. */
interface WebLlmExample {
  readonly files: readonly string[];
  readonly page: string;
  readonly changes: readonly ChangedLine[];
  /** Vite's options. */
  readonly config: string;
}

const OVER_SHOAL = 'overShoal({ url: "/tiny.gguf" })';
const IMPORTS = 'import { overShoal } from "shoal/web-llm";';

/** Vite takes a service worker's address for that of a file, and bundles none. */
const SERVICE_WORKER = `
  build: { rollupOptions: { input: 'service-worker/index.html' } },
  plugins: [{
    name: 'service-worker',
    enforce: 'pre',
    transform: (code) => code.replace('new URL("sw.ts", import.meta.url)', '"/sw.js"'),
    closeBundle: () => build({ entryPoints: ['service-worker/sw.ts'], bundle: true, format: 'esm', outfile: 'dist/sw.js' }),
  }],`;

export const WEB_LLM_EXAMPLES = {
  'on the page': {
    files: ['streaming.html', 'streaming.ts'],
    page: 'streaming.html',
    changes: [
      {
        file: 'streaming.ts',
        imports: IMPORTS,
        from: 'await webllm.CreateMLCEngine(',
        to: `await ${OVER_SHOAL}.CreateMLCEngine(`,
      },
    ],
    config: "build: { rollupOptions: { input: 'streaming.html' } }",
  },
  'in a worker': {
    files: ['get_started.html', 'main.ts', 'worker.ts'],
    page: 'get_started.html',
    changes: [
      {
        file: 'worker.ts',
        imports: IMPORTS,
        from: 'new WebWorkerMLCEngineHandler()',
        to: `${OVER_SHOAL}.handler(new WebWorkerMLCEngineHandler())`,
      },
    ],
    config: "build: { rollupOptions: { input: 'get_started.html' } }",
  },
  'over a service worker': {
    files: ['service-worker/index.html', 'service-worker/main.ts', 'service-worker/sw.ts'],
    page: 'service-worker/index.html',
    changes: [
      {
        file: 'service-worker/main.ts',
        imports: IMPORTS,
        from: 'registerServiceWorker();\n//',
        to: `registerServiceWorker();\n${OVER_SHOAL}.host(new webllm.WebWorkerMLCEngineHandler());\n//`,
      },
      {
        file: 'service-worker/sw.ts',
        imports: 'import { WebWorkerMLCEngine } from "@mlc-ai/web-llm";\nimport { overPage } from "shoal/web-llm";',
        from: 'new ServiceWorkerMLCEngineHandler()',
        to: 'overPage(new ServiceWorkerMLCEngineHandler(), WebWorkerMLCEngine)',
      },
    ],
    config: SERVICE_WORKER,
  },
} as const satisfies Readonly<Record<string, WebLlmExample>>;

export type WebLlmExampleName = keyof typeof WEB_LLM_EXAMPLES;

/** Writes an example with its lines changed, and builds it. @returns its folder */
export async function buildWebLlmExample(
  library: PackedLibrary,
  name: WebLlmExampleName,
  modelFile: string,
): Promise<string> {
  const { files, changes, config }: WebLlmExample = WEB_LLM_EXAMPLES[name];
  const folder = join(library.folder, `web-llm ${name}`);
  mkdirSync(join(folder, 'public'), { recursive: true });
  for (const file of files) {
    let text = readFileSync(`tests/fixtures/web-llm/${file}.txt`, 'utf8');
    for (const { imports, from, to } of changes.filter((change) => change.file === file)) {
      if (text.split(from).length !== 2) throw new Error(`"${from}" is not once in ${file}.`);
      text = `${imports}\n${text.replace(from, to)}`;
    }
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  copyFileSync(modelFile, join(folder, 'public/tiny.gguf'));
  writeFileSync(
    join(folder, 'vite.config.js'),
    `import { build } from 'esbuild';\nexport default { worker: { format: 'es' }, ${config} };`,
  );
  await runTool('vite/bin/vite.js', ['build', '--logLevel', 'error', '--minify', 'false'], folder);
  return folder;
}
