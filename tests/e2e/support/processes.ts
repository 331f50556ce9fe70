import { readdirSync, readFileSync } from 'node:fs';

// Processes by Linux's /proc: a bare machine has no `ps`.

/** The process's children, and theirs. */
export function descendants(pid: number): readonly number[] {
  const parents = new Map(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((name) => [Number(name), Number(/^PPid:\t(\d+)$/m.exec(read(`/proc/${name}/status`))?.[1] ?? 0)]),
  );
  const childrenOf = (parent: number): number[] =>
    [...parents].flatMap(([own, its]) => (its === parent ? [own, ...childrenOf(own)] : []));
  return childrenOf(pid);
}

/** Kills the renderers of the browser that the process has started. */
export function killRenderers(pid: number): void {
  for (const own of descendants(pid))
    if (read(`/proc/${own}/cmdline`).includes('--type=renderer')) process.kill(own, 'SIGKILL');
}

/** Empty for a process that has gone. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
