import type { KadDHTComponents } from '@libp2p/kad-dht';
import { ShoalError } from '../src/core/errors.ts';
import { MAX_NAMED_HOLDERS } from '../src/protocol/directory-exchange.ts';
import { PROVIDER_VALIDITY_MS } from './limits.ts';

type Datastore = KadDHTComponents['datastore'];
type Key = Parameters<Datastore['put']>[0];

/** Where kad-dht keeps providers in its datastore: `/dht/provider/<multihash in base32>/<peer id>`. */
const PROVIDERS = '/dht/provider';

interface Registration {
  readonly key: Key;
  /** When kad-dht wrote it, in its own format. */
  readonly value: Uint8Array;
  readonly atMs: number;
}

/** Who holds which shard or manifest: the part of kad-dht's datastore that grows with the swarm. */
export class ProviderTable {
  /** What may be provided, multihashes in base32. */
  readonly #digests: ReadonlySet<string>;
  /** By digest and holder. */
  readonly #registered = new Map<string, Map<string, Registration>>();

  constructor(digests: ReadonlySet<string>) {
    this.#digests = digests;
  }

  static has(keyOrPrefix: string): boolean {
    return keyOrPrefix.startsWith(`${PROVIDERS}/`);
  }

  /** Registrations held: one for each shard or manifest, and holder. */
  get size(): number {
    return [...this.#registered.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** @throws ShoalError `bad-request` unless it is about what is served */
  put(key: Key, value: Uint8Array): void {
    const [, , digest = '', holder = ''] = key.namespaces();
    if (!this.#digests.has(digest)) {
      throw new ShoalError('bad-request', 'Only holders of served manifests and shards are registered.');
    }
    const holders = this.#registered.get(digest) ?? new Map<string, Registration>();
    // The newest last.
    holders.delete(holder);
    this.#registered.set(digest, holders.set(holder, { key, value, atMs: Date.now() }));
  }

  /** Holders under a prefix: of many as many as anybody asks, others each time, since naming one takes half a millisecond. */
  *sample(prefix: string): Generator<Registration> {
    yield* sampleOf([...(this.#registered.get(digestOf(prefix))?.values() ?? [])]);
  }

  /** As `sample`: the names alone. */
  holders(digest: string): string[] {
    return sampleOf([...(this.#registered.get(digest)?.keys() ?? [])]);
  }

  /** Forgets what a tab has registered: it is gone, and registers again if it comes back. */
  forget(holder: string): void {
    for (const holders of this.#registered.values()) holders.delete(holder);
  }

  /** Forgets whoever is not among `connected` peer ids, and registrations that were not renewed in time. */
  sweep(connected: ReadonlySet<string>): void {
    const oldestMs = Date.now() - PROVIDER_VALIDITY_MS;
    for (const holders of this.#registered.values()) {
      for (const [holder, { atMs }] of holders) {
        if (!connected.has(holder) || atMs < oldestMs) holders.delete(holder);
      }
    }
  }
}

/** Of a key or a prefix of the datastore. */
export function digestOf(prefix: string): string {
  return prefix.split('/')[3] ?? '';
}

function sampleOf<T>(holders: readonly T[]): T[] {
  const first = Math.floor(Math.random() * holders.length);
  return [...holders.slice(first), ...holders.slice(0, first)].slice(0, MAX_NAMED_HOLDERS);
}
