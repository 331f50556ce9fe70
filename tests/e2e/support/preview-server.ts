import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { build, type InlineConfig, preview } from 'vite';

const PAGE = 'tests/e2e/pages/ui-preview.html';
const CACHE = '.cache/preview';

/** Builds `tests/e2e/pages/ui-preview.html` and serves it: as a few files it opens in a fraction of what its modules take. */
export async function startPreviewServer(): Promise<{
  pageUrl: (state: string) => string;
  close: () => Promise<void>;
}> {
  await mkdir(CACHE, { recursive: true });
  // Its own, so that other servers are not disturbed.
  const folder = await mkdtemp(`${CACHE}/`);
  const config: InlineConfig = {
    configFile: false,
    logLevel: 'error',
    // Tests count components by their names.
    build: {
      target: 'es2023',
      minify: false,
      chunkSizeWarningLimit: 2000,
      outDir: folder,
      rolldownOptions: { input: PAGE },
    },
    worker: { format: 'es' },
    preview: { host: '127.0.0.1', port: 0 },
  };
  await build(config);
  const server = await preview(config);
  const address = server.httpServer.address();
  if (!address || typeof address === 'string') throw new Error('The preview server has no port.');
  return {
    pageUrl: (state) => `http://127.0.0.1:${address.port}/${PAGE}?state=${state}`,
    close: async () => {
      await server.close();
      await rm(folder, { recursive: true });
    },
  };
}
