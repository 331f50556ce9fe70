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
  const item = `shoal-${kind}-${manifestId}`;
  const own = sessionStorage.getItem(item);
  const key = own === null ? await claimOrphan(kind, await orphans()) : await claimOwn(kind, own);
  const claimed = key ?? (await claimFresh(kind));
  sessionStorage.setItem(item, claimed);
  return claimed;
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

/** Takes the key's lock for as long as this page lives; false when another has it. */
function hold(kind: string, key: string, options: LockOptions): Promise<boolean> {
  return new Promise((resolve) => {
    navigator.locks
      .request(lockName(kind, key), options, (lock) => {
        resolve(lock !== null);
        return lock === null ? undefined : new Promise<never>(() => {});
      })
      .catch(() => resolve(false));
  });
}

function lockName(kind: string, key: string): string {
  return `shoal-${kind}-${key}`;
}
