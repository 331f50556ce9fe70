import { readFileSync } from 'node:fs';
import type { Browser, CDPSession } from 'playwright';

/** A renderer's memory, MiB. */
export interface RendererMemory {
  /** The most that was resident and no file's: anonymous and shared memory, looked at every few milliseconds. */
  readonly peakMiB: number;
  /** The most that was resident, the pages of the browser's own file among it, by the kernel's count. */
  readonly residentPeakMiB: number;
}

const LOOK_MS = 10;
/** Renderers come and go. */
const FIND_MS = 200;

/** Watches every renderer of a browser while something happens. Linux tells how much memory a process has. */
export class RendererWatch {
  readonly #devtools: CDPSession;
  readonly #except: ReadonlySet<number>;
  readonly #seen = new Map<number, RendererMemory>();
  readonly #timer: ReturnType<typeof setInterval>;
  #pids: readonly number[] = [];
  #findAtMs = 0;

  /** @param except - processes that are not watched */
  static async start(browser: Browser, except: readonly number[] = []): Promise<RendererWatch> {
    return new RendererWatch(await browser.newBrowserCDPSession(), new Set(except));
  }

  private constructor(devtools: CDPSession, except: ReadonlySet<number>) {
    this.#devtools = devtools;
    this.#except = except;
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  /** By renderer, the largest first; none where the system does not tell. */
  async stop(): Promise<RendererMemory[]> {
    await this.#find();
    this.#look();
    clearInterval(this.#timer);
    await this.#devtools.detach();
    return [...this.#seen.values()].sort((a, b) => b.peakMiB - a.peakMiB);
  }

  #look(): void {
    if (performance.now() > this.#findAtMs) {
      this.#findAtMs = performance.now() + FIND_MS;
      // A browser that ends meanwhile has no renderers.
      this.#find().catch(() => undefined);
    }
    for (const pid of this.#pids) {
      const now = readMemory(pid);
      const before = this.#seen.get(pid);
      if (now) this.#seen.set(pid, { ...now, peakMiB: Math.max(now.peakMiB, before?.peakMiB ?? 0) });
    }
  }

  async #find(): Promise<void> {
    this.#pids = (await rendererProcesses(this.#devtools)).filter((id) => !this.#except.has(id));
  }
}

/** Ids of the processes of a browser's pages. */
export async function rendererProcesses(devtools: CDPSession): Promise<number[]> {
  const { processInfo } = await devtools.send('SystemInfo.getProcessInfo');
  return processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => id);
}

function readMemory(pid: number): RendererMemory | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const mib = (key: string) => Number(new RegExp(`${key}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0) / 1024;
    return { peakMiB: mib('RssAnon') + mib('RssShmem'), residentPeakMiB: mib('VmHWM') };
  } catch {
    return undefined;
  }
}
