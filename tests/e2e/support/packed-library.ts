import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Packing builds the library; a busy machine takes several times as long. */
const PACK_TIMEOUT_MS = 300_000;

/** The library as `npm install` brings it from its tarball, in a folder of its own. */
export interface PackedLibrary {
  readonly folder: string;
  /** Paths of the tarball's files, below `package/`. */
  readonly files: readonly string[];
  /** Copies an example there. @returns its folder */
  example(name: string): string;
  remove(): void;
}

/** Packs the library and installs it. What else the examples need is taken from this repository's own `node_modules`. */
export function packLibrary(): PackedLibrary {
  const folder = mkdtempSync(join(tmpdir(), 'shoal-packed-'));
  const packed = run(
    'npm',
    ['pack', join(process.cwd(), 'packages/shoal'), '--json', '--pack-destination', folder],
    folder,
  );
  const [{ filename, files }] = JSON.parse(packed.slice(packed.search(/^\[/m))) as [
    { filename: string; files: { path: string }[] },
  ];
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  // It depends on nothing, so nothing is asked of a registry.
  run('npm', ['install', '--offline', '--no-audit', '--no-fund', '--no-package-lock', `./${filename}`], folder);
  linkOthers(folder);
  return {
    folder,
    files: files.map(({ path }) => path),
    example(name) {
      const target = join(folder, name);
      cpSync(join('examples', name), target, { recursive: true });
      mkdirSync(join(target, 'node_modules'), { recursive: true });
      cpSync(join(folder, 'node_modules/shoal'), join(target, 'node_modules/shoal'), { recursive: true });
      return target;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** @returns what it printed; throws it where it fails */
export function run(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', timeout: PACK_TIMEOUT_MS });
  if (status === 0) return stdout;
  throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${stdout}\n${stderr}`);
}

/** Runs a tool of this repository on its own Node. @param path - below `node_modules` */
export function runTool(path: string, args: readonly string[], cwd: string): string {
  return run(process.execPath, [join(process.cwd(), 'node_modules', path), ...args], cwd);
}

function linkOthers(folder: string): void {
  for (const name of readdirSync('node_modules')) {
    const target = join(folder, 'node_modules', name);
    if (!name.startsWith('.') && !existsSync(target)) symlinkSync(join(process.cwd(), 'node_modules', name), target);
  }
}
