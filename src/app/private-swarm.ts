import { createStore, del, entries, get, set } from 'idb-keyval';
import * as v from 'valibot';
import { ShoalError } from '../core/errors.ts';
import { log } from '../core/log.ts';
import { deriveKeys, type SwarmKeys, type SwarmSecret } from '../protocol/private-swarm.ts';
import { type Invite, inviteFragment } from './invite.ts';

/** Digits of the outside name in the address bar: enough that no two swarms of one browser share them. */
const SHORT_NAME_DIGITS = 16;

/** A private swarm that this tab belongs to. */
export interface PrivateSwarm {
  readonly secret: SwarmSecret;
  readonly keys: SwarmKeys;
  /** Under which this browser keeps what belongs to the swarm: stays when the swarm moves to a new link. */
  readonly home: string;
  /** As this browser keeps it: whoever is alone, or comes back first, has nobody to ask. */
  readonly manifest?: Uint8Array<ArrayBuffer> | undefined;
}

const recordSchema = v.object({
  secret: v.string(),
  home: v.string(),
  manifest: v.optional(v.custom<Uint8Array<ArrayBuffer>>((value) => value instanceof Uint8Array)),
  /** The short name under which the swarm goes on, once it has moved. */
  successor: v.optional(v.string()),
});
type SwarmRecord = v.InferOutput<typeof recordSchema>;

/** Secrets by the short outside name, in a database of their own. */
const store = () => createStore('shoal-private', 'swarms');

/**
 * Of a tab's history: stands in for the database where a browser keeps no site data. Neither the address nor another
 * page shows it, and it goes with the tab.
 */
const historySchema = v.object({ privateSwarm: v.object({ name: v.string(), record: recordSchema }) });

/**
 * Takes the secret of an invite into this browser's storage, and leaves an address that tells who sees it nothing; or
 * finds the secret that such an address stands for.
 * @throws ShoalError `not-admitted` when this browser has no secret for the address, `bad-request` when it is damaged
 */
export async function enterPrivateSwarm(invite: Invite): Promise<PrivateSwarm> {
  if (invite.secret !== undefined) {
    const keys = deriveKeys(invite.secret);
    const kept = await read(shortName(keys));
    // A member who follows a guest's link stays a member.
    const secret = kept && deriveKeys(kept.secret).role === 'member' ? kept.secret : invite.secret;
    const swarm = { ...kept, secret, keys: deriveKeys(secret), home: kept?.home ?? shortName(keys) };
    await keep(invite.manifestId, swarm);
    return swarm;
  }
  const record = await readNewest(invite.privateName ?? '');
  if (record) {
    const swarm = { ...record, keys: deriveKeys(record.secret) };
    if (shortName(swarm.keys) !== invite.privateName) await keep(invite.manifestId, swarm);
    return swarm;
  }
  throw new ShoalError(
    'not-admitted',
    'This is a private swarm, and this browser does not have its secret. Open its invite link again.',
  );
}

/** Keeps a swarm's secret, and names the swarm in the address bar. A page that is opened there again finds it. */
export async function keep(manifestId: string, { secret, keys, home, manifest }: PrivateSwarm): Promise<void> {
  const privateName = shortName(keys);
  const record: SwarmRecord = { secret, home, manifest };
  let state: unknown = history.state;
  try {
    await set(privateName, record, store());
  } catch {
    log.warn('SWARM', 'This browser keeps no site data: only this tab knows the private swarm, until it is closed.');
    state = { privateSwarm: { name: privateName, record: { secret, home } } };
  }
  history.replaceState(state, '', `#${inviteFragment({ manifestId, privateName })}`);
}

/**
 * Founds a swarm, or goes on with one under another secret. Of the old one, tabs that stand at its address come along
 * when they are opened again: with its link, others may still be there who are not to be. The link itself still leads
 * where it says.
 * @param old - undefined where it is an open one that this tab leaves
 */
export async function moveTo(
  secret: SwarmSecret,
  { manifestId, manifest, old }: Pick<PrivateSwarm, 'manifest'> & { manifestId: string; old: PrivateSwarm | undefined },
): Promise<PrivateSwarm> {
  const keys = deriveKeys(secret);
  const swarm = { secret, keys, home: old?.home ?? shortName(keys), manifest };
  await keep(manifestId, swarm);
  if (!old) return swarm;
  try {
    const record: SwarmRecord = { secret: old.secret, home: old.home, manifest, successor: shortName(keys) };
    await set(shortName(old.keys), record, store());
  } catch {
    // Where nothing is kept, nobody comes back to the old address.
  }
  return swarm;
}

/** A private swarm that this browser has the secret of, and knows the model of. */
export interface KeptSwarm {
  readonly privateName: string;
  readonly manifest: Uint8Array<ArrayBuffer>;
}

/** Those that have not moved to another link. */
export async function keptSwarms(): Promise<KeptSwarm[]> {
  const found = await entries<string, unknown>(store()).catch(() => []);
  return found.flatMap(([privateName, value]) => {
    const { success, output } = v.safeParse(recordSchema, value);
    if (!success || output.manifest === undefined || output.successor !== undefined) return [];
    return [{ privateName, manifest: output.manifest }];
  });
}

/** Forgets a swarm's secret. */
export function forgetSwarm(privateName: string): Promise<void> {
  return del(privateName, store());
}

function shortName({ name }: SwarmKeys): string {
  return name.slice(0, SHORT_NAME_DIGITS);
}

async function read(name: string): Promise<SwarmRecord | undefined> {
  try {
    const kept = v.safeParse(recordSchema, await get(name, store()));
    if (kept.success) return kept.output;
  } catch {
    // It keeps no site data: the tab may know all the same.
  }
  const { success, output } = v.safeParse(historySchema, history.state);
  return success && output.privateSwarm.name === name ? output.privateSwarm.record : undefined;
}

/** Follows a swarm that has moved to where it is now. */
async function readNewest(name: string): Promise<SwarmRecord | undefined> {
  const passed = new Set<string>();
  for (let at: string | undefined = name; at !== undefined && !passed.has(at); ) {
    passed.add(at);
    const record: SwarmRecord | undefined = await read(at);
    if (record?.successor === undefined) return record;
    at = record.successor;
  }
  return undefined;
}
