import { defineConfig } from 'vitest/config';
import { compressedFiles } from './vite/compressed-files.ts';
import { pageCache } from './vite/page-cache.ts';

/** Modules of the first screen that later ones import too. */
const SHARED =
  /\/src\/(core\/|protocol\/(limits|manifest|directory|directory-exchange|member-name|server-config)\.ts|api\/(checked-fields|field-name|structured\/called-function)\.ts|app\/(invite|lasting-items|server-url|chat\/(chat-record|chat-title))\.ts|tokenizer\/(detokenizer|model-text|token-table)\.ts|words\/(words|format|en\/first)\.ts|store\/(hurried-pace|idb\/(chunk-database|idb-shard-reader)|metainfo\/(pieces|torrent-file|torrent-info|hasher))|swarm\/(seen|coordinator\/(compare-rows|collect-rows|lie|build-stages|route-links|seeded-random)|stage\/replay|members\/manifest-exchange)\.ts|ui\/(page-state|bounded-input|save-file|lazy-component|shortcuts)\.ts|ui\/components\/(alerts|copy-button|environment-notice|error-text|tab-mark)\.tsx)|\/node_modules\/(preact|idb-keyval|@preact\/signals|@preact\/signals-core|valibot)\//;

/** The grammar engine has code for Node that no browser runs: nothing to tell whoever builds the page. */
const onLog = (level: string, log: { readonly message: string }, tell: (level: never, log: never) => void): void => {
  if (!log.message.includes('@mlc-ai/web-xgrammar')) tell(level as never, log as never);
};

export default defineConfig({
  // The page may lie below a path, which a build cannot know.
  base: './',
  // Source maps are for whoever asks: `npx vite build --sourcemap`.
  build: {
    target: 'es2023',
    chunkSizeWarningLimit: 2000,
    rolldownOptions: {
      onLog,
      output: {
        // What the first screen shares with all that comes later: a file each would be a request each.
        codeSplitting: { groups: [{ name: 'shared', test: SHARED }] },
      },
    },
  },
  plugins: [pageCache(), compressedFiles()],
  worker: { format: 'es', rolldownOptions: { onLog } },
  resolve: { alias: { webtorrent: 'webtorrent/dist/webtorrent.min.js' } },
  test: {
    silent: 'passed-only',
    projects: [
      {
        extends: true,
        // Much of it waits for timers: four files at once pay also where there are two processors.
        test: {
          name: 'unit',
          // Limits are for hangs: a busy machine is slow, not broken.
          testTimeout: 300_000,
          hookTimeout: 600_000,
          maxWorkers: 4,
          include: ['tests/unit/**/*.test.ts', 'tests/swarm/**/*.test.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'gpu',
          include: ['tests/gpu/**/*.test.ts'],
          // A software adapter compiles kernels on one processor, and computes on all.
          maxWorkers: 2,
          testTimeout: 600_000,
          hookTimeout: 600_000,
        },
      },
      {
        extends: true,
        // By hand: real models, gigabytes of them.
        test: {
          name: 'models',
          include: ['tests/models/**/*.test.ts'],
          fileParallelism: false,
          testTimeout: 3_600_000,
          hookTimeout: 3_600_000,
        },
      },
    ],
  },
});
