import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright';
import { CHROMIUM_FLAGS, findBrowser } from '../../cli/browser.ts';

/** What a packet meets on its way from host to host. */
export interface PathSettings {
  readonly roundTripMs: number;
  /** Of packets, 0 to 1. */
  readonly loss: number;
  /** Of each host's way out; without a limit when absent. */
  readonly rateMbit?: number;
}

/** Hosts on this machine with a network between them; `netlab.py` is its switch. */
export interface NetLab {
  address(host: number): string;
  /** The beginning of a command line that runs on this host. */
  on(host: number): readonly string[];
  /** A Chromium on this host. */
  launch(host: number, flags: readonly string[]): Promise<Browser>;
  set(path: PathSettings): void;
  close(): Promise<void>;
}

/** Why there can be no such network here; undefined when there can. */
export function netLabProblem(): string | undefined {
  if (process.platform !== 'linux') return 'it needs Linux';
  if (process.getuid?.() !== 0) return 'it needs root';
  if (!existsSync('/dev/net/tun')) return 'it needs /dev/net/tun';
  const tool = ['python3', 'ip'].find((name) => spawnSync(name, ['-V']).status !== 0);
  return tool && `it needs ${tool === 'ip' ? 'ip, of iproute2' : tool}`;
}

export async function openNetLab(hosts: number): Promise<NetLab> {
  // A namespace's device has its name, and a device's name has at most 15 characters.
  const name = `shoal${process.pid}-`;
  const child = spawn('python3', [join(import.meta.dirname, 'netlab.py'), name, `${hosts}`], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const first = await Promise.race([once(child.stdout, 'data'), exited]);
  if (!String(first[0]).startsWith('ready')) throw new Error(`The network ended with status ${first[0]}.`);
  const folder = await mkdtemp(join(tmpdir(), 'shoal-netlab-'));
  const on = (host: number) => ['ip', 'netns', 'exec', `${name}${host}`];
  return {
    address: (host) => `10.77.0.${host + 1}`,
    on,
    async launch(host, flags) {
      const { executablePath, env } = await findBrowser();
      const script = join(folder, `chromium-${host}`);
      await writeFile(script, `#!/bin/sh\nexec ${on(host).join(' ')} '${executablePath}' "$@"\n`);
      await chmod(script, 0o755);
      return chromium.launch({
        executablePath: script,
        env: { ...process.env, ...env },
        args: [...CHROMIUM_FLAGS, ...flags],
      });
    },
    set({ roundTripMs, loss, rateMbit = 0 }) {
      // There and back a packet crosses four links, one way two.
      const settings = { delay_ms: roundTripMs / 4, loss: 1 - Math.sqrt(1 - loss), rate_mbit: rateMbit };
      child.stdin.write(`${JSON.stringify(settings)}\n`);
    },
    async close() {
      child.stdin.end();
      await exited;
      await rm(folder, { recursive: true });
    },
  };
}
