// Builds the library that `npm pack ./packages/shoal` packs: node vite/library/build.ts
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type InlineConfig, type Plugin } from 'vite';
import { at, OUT, PACKAGE, PAGE_ENTRIES, ROOT } from './places.ts';

/** The workers of a page; `packed/start-worker.ts` names the same. */
const WORKERS = ['gpu', 'cpu', 'store', 'tokenizer', 'grammar'];

const SHARED: InlineConfig = {
  root: ROOT,
  configFile: false,
  logLevel: 'warn',
  publicDir: false,
  resolve: {
    alias: [
      { find: 'webtorrent', replacement: 'webtorrent/dist/webtorrent.min.js' },
      { find: './start-worker.ts', replacement: at('workers/packed/start-worker.ts') },
    ],
  },
};
/** Vite rewrites a URL whose file is not there yet so that it is not looked for again; other bundlers are to find it. */
const asWritten: Plugin = {
  name: 'shoal-worker-urls',
  renderChunk: (code) => code.replaceAll('"" + import.meta.url', 'import.meta.url'),
};
const BUILD = { target: 'es2023', outDir: OUT, emptyOutDir: false } as const;

/** Each in one file, its WebAssembly inside: wherever a bundler copies it to, it needs no other. */
async function buildWorker(name: string): Promise<void> {
  await build({
    ...SHARED,
    build: {
      ...BUILD,
      assetsInlineLimit: Number.POSITIVE_INFINITY,
      lib: { entry: at(`workers/packed/${name}.worker.ts`), formats: ['es'], fileName: () => `workers/${name}.js` },
      rolldownOptions: { output: { codeSplitting: false } },
    },
  });
}

/** What pages import. Chunks lie beside the entries, as they name the workers' folder relative to themselves. */
async function buildForPages(): Promise<void> {
  await build({
    ...SHARED,
    build: {
      ...BUILD,
      lib: { entry: PAGE_ENTRIES, formats: ['es'] },
      rolldownOptions: { output: { entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' } },
    },
    plugins: [asWritten],
  });
}

async function buildForNode(): Promise<void> {
  await build({
    ...SHARED,
    ssr: { noExternal: true },
    build: {
      ...BUILD,
      ssr: true,
      rolldownOptions: {
        input: { node: at('src/library/node.ts'), 'node-thread': at('src/cpu/node-thread.ts') },
        output: { entryFileNames: '[name].js', chunkFileNames: 'node-[name]-[hash].js' },
      },
    },
    plugins: [
      {
        name: 'shoal-built-thread',
        transform: (code, id) =>
          id.endsWith('/node-host.ts') ? code.replace('./node-thread.ts', './node-thread.js') : undefined,
      },
    ],
  });
  await cp(at('src/cpu/wasm'), join(OUT, 'wasm'), { recursive: true });
}

/** Beside the rest, on a thread of its own: each takes seconds. */
function buildTypes(): Promise<void> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'types.ts')], { stdio: 'inherit' });
  return once(child, 'close').then(([status]) => {
    if (status !== 0) throw new Error(`The library's types could not be built (status ${status}).`);
  });
}

await rm(OUT, { recursive: true, force: true });
await mkdir(OUT, { recursive: true });
const types = buildTypes();
for (const name of WORKERS) await buildWorker(name);
await buildForPages();
await buildForNode();
await types;
await copyFile(at('LICENSE'), join(PACKAGE, 'LICENSE'));
