import { readdirSync, readFileSync } from 'node:fs';

/** Anonymous and shared memory of the largest page of a browser, MiB; 0 when there is none. */
export function largestRendererMiB(browserPid: number): number {
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
  return Math.max(0, ...renderers.filter(below).map(memoryMiB));
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
