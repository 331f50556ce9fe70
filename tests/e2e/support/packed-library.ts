import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Packing builds the library; a busy machine takes several times as long. */
const PACK_TIMEOUT_MS = 300_000;

/** The library as `npm install` brings it from its tarball, in a folder of its own. */
export interface PackedLibrary {
  readonly folder: string;
  /** Paths of the tarball's files, below `package/`. */
  readonly files: readonly string[];
  /** Copies an example there, under its own name unless another is given. @returns its folder */
  example(name: string, copy?: string): string;
  remove(): void;
}

/**
 * Packs the library and installs it in an empty folder. What else the examples need is taken from this repository's own `node_modules`.
 */
export async function packLibrary(folder: string): Promise<PackedLibrary> {
  const packed = await run(
    'npm',
    ['pack', join(process.cwd(), 'packages/shoal'), '--json', '--pack-destination', folder],
    folder,
  );
  const [{ filename, files }] = JSON.parse(packed.slice(packed.search(/^\[/m))) as [
    { filename: string; files: { path: string }[] },
  ];
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  // It depends on nothing and runs no scripts: installing it is no more than this, and npm takes seconds over it.
  const installed = join(folder, 'node_modules/shoal');
  mkdirSync(installed, { recursive: true });
  await run('tar', ['--extract', '--file', filename, '--strip-components=1', '--directory', installed], folder);
  linkOthers(folder);
  return {
    folder,
    files: files.map(({ path }) => path),
    example(name, copy = name) {
      const target = join(folder, copy);
      cpSync(join('examples', name), target, { recursive: true });
      mkdirSync(join(target, 'node_modules'), { recursive: true });
      cpSync(join(folder, 'node_modules/shoal'), join(target, 'node_modules/shoal'), { recursive: true });
      return target;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** @returns what it printed; throws it where it fails */
export function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { cwd, timeout: PACK_TIMEOUT_MS, maxBuffer: 64 * 1024 ** 2 };
    execFile(command, [...args], options, (error, stdout, stderr) => {
      if (error) reject(new Error(`${command} ${args.join(' ')} failed: ${error.message}\n${stdout}\n${stderr}`));
      else resolve(stdout);
    });
  });
}

/** Runs a tool of this repository on its own Node. @param path - below `node_modules` */
export function runTool(path: string, args: readonly string[], cwd: string): Promise<string> {
  return run(process.execPath, [join(process.cwd(), 'node_modules', path), ...args], cwd);
}

function linkOthers(folder: string): void {
  for (const name of readdirSync('node_modules')) {
    const target = join(folder, 'node_modules', name);
    if (!name.startsWith('.') && !existsSync(target)) symlinkSync(join(process.cwd(), 'node_modules', name), target);
  }
}
