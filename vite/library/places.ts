import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');
export const PACKAGE = join(ROOT, 'packages/shoal');
export const OUT = join(PACKAGE, 'dist');
export const at = (path: string) => join(ROOT, path);

/** Modules that pages import, by their names in the package. */
export const PAGE_ENTRIES = {
  index: at('src/library/index.ts'),
  'chat-element': at('src/library/chat-element.ts'),
  'web-llm': at('src/library/web-llm.ts'),
};
