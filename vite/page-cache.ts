import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plugin } from 'vite';
import { afterBuild } from './after-build.ts';

const NAME = 'page-cache';
/** Few need them, and the page does without: they are not kept unasked. */
const ON_DEMAND = /^(katex|simulat(ed-world|ion-banner))-/;

/** Builds the service worker, which must lie beside the page under a name of its own and know the build's files. */
export function pageCache(): Plugin {
  return {
    name: 'shoal-page-cache',
    config: () => ({
      build: {
        rolldownOptions: {
          input: { index: 'index.html', [NAME]: 'workers/page-cache.worker.ts' },
          output: { entryFileNames: ({ name }) => (name === NAME ? '[name].js' : 'assets/[name]-[hash].js') },
        },
      },
    }),
    ...afterBuild(async (folder) => {
      const assets = (await readdir(join(folder, 'assets')))
        .filter((name) => !name.endsWith('.map') && !ON_DEMAND.test(name))
        .sort();
      const file = join(folder, `${NAME}.js`);
      await writeFile(file, `const SHOAL_ASSETS=${JSON.stringify(assets)};${await readFile(file, 'utf8')}`);
    }),
  };
}
