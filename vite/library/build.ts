// Builds the library that `npm pack ./packages/shoal` packs: node vite/library/build.ts
import { copyFile, cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { dts } from 'rolldown-plugin-dts';
import { build, type InlineConfig, type Plugin } from 'vite';

const ROOT = join(import.meta.dirname, '../..');
const PACKAGE = join(ROOT, 'packages/shoal');
const OUT = join(PACKAGE, 'dist');
const at = (path: string) => join(ROOT, path);

/** Modules that pages import, by their names in the package. */
const PAGE_ENTRIES = {
  index: at('src/library/index.ts'),
  'chat-element': at('src/library/chat-element.ts'),
  'web-llm': at('src/library/web-llm.ts'),
};

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

/** One file an entry: whoever uses the library installs nothing else for its types. */
async function buildTypes(): Promise<void> {
  const bundle = await rolldown({
    cwd: ROOT,
    input: { ...PAGE_ENTRIES, node: at('src/library/node.ts') },
    plugins: [dts({ emitDtsOnly: true, tsconfig: at('tsconfig.json') })],
  });
  await bundle.write({ dir: OUT, chunkFileNames: 'types-[hash].js' });
}

await rm(OUT, { recursive: true, force: true });
await mkdir(OUT, { recursive: true });
for (const name of WORKERS) await buildWorker(name);
await buildForPages();
await buildForNode();
await buildTypes();
await copyFile(at('LICENSE'), join(PACKAGE, 'LICENSE'));
