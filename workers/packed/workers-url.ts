let folder: string | URL | undefined;

/**
 * Says where the library's `workers` folder lies, where a bundler has not found it by itself, e.g. esbuild: copy
 * `node_modules/shoal/dist/workers` beside the page, and name it before anything else of the library is called.
 * @param url - relative to the page, or whole
 * @example useWorkersFrom('./workers/');
 */
export function useWorkersFrom(url: string | URL): void {
  const whole = new URL(url, globalThis.document?.baseURI ?? globalThis.location.href);
  folder = whole.href.endsWith('/') ? whole : new URL(`${whole.href}/`);
}

/** The folder that the program has named, if it has. */
export function workersUrl(): string | URL | undefined {
  return folder;
}
