import { join } from 'node:path';
import type { Plugin } from 'vite';

/** What a plugin needs to do something with the files of a build once all are there, those of the public folder among them. */
export function afterBuild(
  handler: (folder: string) => Promise<void>,
): Pick<Plugin, 'apply' | 'configResolved' | 'closeBundle'> {
  let folder = '';
  return {
    apply: 'build',
    configResolved({ root, build }) {
      folder = join(root, build.outDir);
    },
    closeBundle: { order: 'post', sequential: true, handler: () => handler(folder) },
  };
}
