import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { ShoalError } from '../src/core/errors.ts';
import { isRunning } from './is-running.ts';

/** A claim is touched this often, and is void when it was not for so long: its process is gone, on whatever machine. */
const TOUCH_MS = 10_000;
const VOID_MS = 60_000;

/** That a process uses a folder of shards: the file `<folder>.used-<process id>@<machine>` beside it. */
export interface FolderClaim {
  readonly pid: number;
  readonly host: string;
  /** What the shards are made of, and how many: two servers with the same may share the folder. */
  readonly content: string;
  readonly sinceMs: number;
}

const NAME = /\.used-(\d+)@([^/\\]+)$/;

/** The folders of shards that this process uses, so that no other replaces what it serves. */
export class FolderClaims {
  readonly #timers = new Map<string, NodeJS.Timeout>();

  /**
   * Claims a folder. One that cannot be written needs no claim.
   * @param content - what its shards are made of, and how many
   * @throws ShoalError `bad-request` when an older server uses it for others
   */
  readonly add = async (directory: string, content: string): Promise<void> => {
    const path = claimPath(directory);
    try {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, JSON.stringify({ content, sinceMs: Date.now() }));
    } catch {
      return;
    }
    this.#timers.set(
      path,
      setInterval(() => void utimes(path, new Date(), new Date()).catch(() => {}), TOUCH_MS).unref(),
    );
    const other = (await olderClaims(directory)).find((claim) => claim.content !== content);
    if (!other) return;
    throw new ShoalError(
      'bad-request',
      `${directory} is served by another server (process ${other.pid} of ${other.host}), made of another file or in another number of shards. Stop that one, ask for the same, or name another folder with --data.`,
    );
  };

  /** Gives all of them up. */
  async giveUp(): Promise<void> {
    for (const [path, timer] of this.#timers) {
      clearInterval(timer);
      await rm(path, { force: true });
    }
    this.#timers.clear();
  }
}

/**
 * Other processes that use a folder, and have since before this one did. What crashed ones left is removed.
 */
export async function olderClaims(directory: string): Promise<FolderClaim[]> {
  const path = claimPath(directory);
  const prefix = `${basename(resolve(directory))}.used-`;
  const names = await readdir(dirname(path)).catch((): string[] => []);
  const own = await readClaim(path);
  const others = names.map((name) => join(dirname(path), name)).filter((other) => basename(other).startsWith(prefix));
  const claims = await Promise.all(others.filter((other) => other !== path).map(readLiving));
  return claims.filter(
    (claim): claim is FolderClaim =>
      claim !== undefined &&
      (!own || claim.sinceMs < own.sinceMs || (claim.sinceMs === own.sinceMs && claim.pid < own.pid)),
  );
}

function claimPath(directory: string): string {
  return `${resolve(directory)}.used-${process.pid}@${hostname()}`;
}

/** @returns undefined when the process is gone */
async function readLiving(path: string): Promise<FolderClaim | undefined> {
  const claim = await readClaim(path);
  if (!claim) return undefined;
  const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: 0 }));
  const isHere = claim.host === hostname();
  if (Date.now() - mtimeMs < VOID_MS && (!isHere || isRunning(claim.pid))) return claim;
  await rm(path, { force: true }).catch(() => {});
  return undefined;
}

async function readClaim(path: string): Promise<FolderClaim | undefined> {
  const [, pid, host] = NAME.exec(path) ?? [];
  if (pid === undefined || host === undefined) return undefined;
  try {
    const { content, sinceMs } = JSON.parse(await readFile(path, 'utf8')) as Partial<FolderClaim>;
    return { pid: Number(pid), host, content: String(content), sinceMs: Number(sinceMs) };
  } catch {
    // Given up at this moment, or never written whole.
    return undefined;
  }
}
