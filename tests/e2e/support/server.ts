import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

/** A running `shoal serve`. */
export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  /** What it printed so far. */
  output(): string;
  /** SIGTERM, and the exit status. */
  stop(): Promise<number | null>;
  /** SIGKILL: it goes without a word. */
  kill(): Promise<void>;
}

/** The first start of the default model splits it. */
const START_TIMEOUT_MS = 120_000;

/**
 * Starts `shoal serve` with these options on a free port and waits until it is ready.
 * @param within - the beginning of a command line that runs the rest elsewhere, as in a network namespace
 */
export async function startServer(
  options: readonly string[] = [],
  within: readonly string[] = [],
): Promise<ServerProcess> {
  const [command, ...before] = [...within, process.execPath];
  const child = spawn(
    command!,
    [
      ...before,
      'cli/shoal.ts',
      'serve',
      '--no-build',
      ...(options.includes('--port') ? [] : ['--port', '0']),
      ...options,
    ],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let output = '';
  const url = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`The server was not ready in time:\n${output}`)), START_TIMEOUT_MS);
    const collect = (chunk: Buffer) => {
      output += chunk.toString();
      const ready = /Shoal is ready: (\S+)/.exec(output);
      if (ready) {
        clearTimeout(timer);
        resolve(ready[1]!.replace(/\/$/, ''));
      }
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.once('exit', (status) => reject(new Error(`The server ended with status ${status}:\n${output}`)));
  });
  const kill = async () => {
    await end(child, 'SIGKILL');
  };
  return { url, pid: child.pid!, output: () => output, stop: () => end(child, 'SIGTERM'), kill };
}

async function end(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exited = once(child, 'exit') as Promise<[number | null]>;
  child.kill(signal);
  return (await exited)[0];
}
