import { readdirSync, readFileSync } from 'node:fs';

const LOOK_MS = 250;
/** Processes come and go; to look through all of them costs the machine more than what is measured here may differ. */
const FIND_MS = 2000;

/** Watches the memory of a browser's largest page process. */
export class RendererMemory {
  readonly #browserPid: number;
  readonly #timer: ReturnType<typeof setInterval>;
  #pids: readonly number[] = [];
  #findAtMs = 0;
  #peakMiB = 0;

  constructor(browserPid: number) {
    this.#browserPid = browserPid;
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  /** The most anonymous and shared memory since the beginning, MiB; 0 where the system does not tell. */
  get peakMiB(): number {
    return this.#peakMiB;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    if (performance.now() > this.#findAtMs) {
      this.#findAtMs = performance.now() + FIND_MS;
      this.#pids = renderersOf(this.#browserPid);
    }
    for (const pid of this.#pids) this.#peakMiB = Math.max(this.#peakMiB, memoryMiB(pid));
  }
}

function renderersOf(browserPid: number): number[] {
  const parents = new Map<number, number>();
  const renderers: number[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      parents.set(Number(name), Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${name}/status`, 'utf8'))![1]));
      if (readFileSync(`/proc/${name}/cmdline`, 'utf8').includes('--type=renderer')) renderers.push(Number(name));
    } catch {
      // A process that has ended meanwhile.
    }
  }
  const below = (pid: number): boolean => pid === browserPid || (pid > 1 && below(parents.get(pid) ?? 0));
  return renderers.filter(below);
}

function memoryMiB(pid: number): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const mib = (key: string) => Number(new RegExp(`${key}:\\s+(\\d+) kB`).exec(status)?.[1] ?? 0) / 1024;
    return mib('RssAnon') + mib('RssShmem');
  } catch {
    return 0;
  }
}
