import { createServer } from 'vite';

/** Serves `tests/e2e/pages/ui-preview.html` from source, in a cache of its own so that other servers are not disturbed. */
export async function startPreviewServer(): Promise<{
  pageUrl: (state: string) => string;
  close: () => Promise<void>;
}> {
  const server = await createServer({
    cacheDir: '.cache/vite-preview',
    logLevel: 'error',
    server: { host: '127.0.0.1', port: 0, hmr: false, watch: null },
    optimizeDeps: {
      entries: ['tests/e2e/pages/ui-preview.html'],
    },
  });
  await server.listen();
  const address = server.httpServer!.address();
  if (!address || typeof address === 'string') throw new Error('The preview server has no port.');
  return {
    pageUrl: (state) => `http://127.0.0.1:${address.port}/tests/e2e/pages/ui-preview.html?state=${state}`,
    close: () => server.close(),
  };
}
