/** The page before a reload gives what it held free when it is gone, which a busy browser may take a while for. */
const RELOAD_PATIENCE_MS = 3000;

export interface TabClaimOptions {
  /** What the claims are of: the name of their locks and of the item in `sessionStorage`. */
  readonly kind: string;
  readonly manifestId: string;
  /** Keys that earlier tabs left behind, the best first. */
  readonly orphans: () => Promise<readonly string[]> | readonly string[];
}

/**
 * Gives this tab a key of its own for something that it keeps beyond a reload. The key lies in `sessionStorage`, which a
 * reload keeps, and a restored tab too; a Web Lock says that a living tab has it. A tab without a key, a reopened one,
 * takes one that nobody has.
 */
export async function claimKey({ kind, manifestId, orphans }: TabClaimOptions): Promise<string> {
  const item = itemName(kind, manifestId);
  const own = sessionStorage.getItem(item);
  const key = own === null ? await claimOrphan(kind, await orphans()) : await claimOwn(kind, own);
  const claimed = key ?? (await claimFresh(kind));
  sessionStorage.setItem(item, claimed);
  return claimed;
}

/**
 * Makes another key this tab's own, beside those that it has.
 * @returns false when another living tab has it
 */
export async function takeKey({ kind, manifestId }: Pick<TabClaimOptions, 'kind' | 'manifestId'>, key: string) {
  if (!releases.has(lockName(kind, key)) && !(await hold(kind, key, { ifAvailable: true }))) return false;
  sessionStorage.setItem(itemName(kind, manifestId), key);
  return true;
}

/** Gives a key up, so that another tab may have it. */
export function releaseKey(kind: string, key: string): void {
  const name = lockName(kind, key);
  releases.get(name)?.();
  releases.delete(name);
}

/** Keys that living tabs have. */
export async function claimedKeys(kind: string): Promise<ReadonlySet<string>> {
  const prefix = lockName(kind, '');
  const { held = [] } = await navigator.locks.query();
  return new Set(held.flatMap(({ name }) => (name?.startsWith(prefix) ? [name.slice(prefix.length)] : [])));
}

/** Undefined when another tab lives with it: a duplicated tab copies the session's storage. */
async function claimOwn(kind: string, key: string): Promise<string | undefined> {
  return (await hold(kind, key, { signal: AbortSignal.timeout(RELOAD_PATIENCE_MS) })) ? key : undefined;
}

async function claimOrphan(kind: string, keys: readonly string[]): Promise<string | undefined> {
  for (const key of keys) if (await hold(kind, key, { ifAvailable: true })) return key;
  return undefined;
}

async function claimFresh(kind: string): Promise<string> {
  const key = crypto.randomUUID();
  await hold(kind, key, { ifAvailable: true });
  return key;
}

/** By the name of a lock that this page has: what gives it up. */
const releases = new Map<string, () => void>();

/** Takes the key's lock until it is released or the page goes; false when another has it. */
function hold(kind: string, key: string, options: LockOptions): Promise<boolean> {
  return new Promise((resolve) => {
    navigator.locks
      .request(lockName(kind, key), options, (lock) => {
        resolve(lock !== null);
        if (lock === null) return undefined;
        return new Promise<void>((release) => releases.set(lockName(kind, key), release));
      })
      .catch(() => resolve(false));
  });
}

function itemName(kind: string, manifestId: string): string {
  return `shoal-${kind}-${manifestId}`;
}

function lockName(kind: string, key: string): string {
  return `shoal-${kind}-${key}`;
}
