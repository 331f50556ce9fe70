import { type KadDHT, type KadDHTComponents, kadDHT, passthroughMapper } from '@libp2p/kad-dht';
import { base32 } from 'multiformats/bases/base32';
import { ShoalError } from '../src/core/errors.ts';
import {
  DHT_NAMESPACE,
  DHT_PROTOCOL,
  manifestKey,
  providerCid,
  shardRecordKey,
  validateShardRecord,
} from '../src/protocol/directory.ts';
import { PROVIDER_VALIDITY_MS } from './limits.ts';
import type { ServedModel } from './served-model.ts';

/** Where kad-dht keeps providers in its datastore: `/dht/provider/<multihash in base32>/<peer id>`. */
const PROVIDERS = '/dht/provider';

type Datastore = KadDHTComponents['datastore'];
type DatastoreKey = Parameters<Datastore['put']>[0];

/**
 * The server's part of the swarms' DHT: the table itself, since tabs are its clients. It takes records and providers of
 * the served models' shards only; anything else would be memory that any passer-by can fill.
 */
export class ShardDirectory {
  readonly #models: ReadonlyMap<string, ServedModel>;
  readonly #digests: ReadonlySet<string>;
  /** Registrations by holder and key, with the time of the last renewal. */
  readonly #registered = new Map<string, Map<string, { readonly key: DatastoreKey; readonly atMs: number }>>();
  #datastore: Datastore | undefined;

  private constructor(models: readonly ServedModel[], digests: ReadonlySet<string>) {
    this.#models = new Map(models.map((model) => [model.manifestId, model]));
    this.#digests = digests;
  }

  static async create(models: readonly ServedModel[]): Promise<ShardDirectory> {
    const keys = models.flatMap(({ manifest, manifestId }) => [
      manifestKey(manifestId),
      ...manifest.shards.map(({ index }) => shardRecordKey(manifestId, index)),
    ]);
    const cids = await Promise.all(keys.map(providerCid));
    return new ShardDirectory(models, new Set(cids.map((cid) => base32.baseEncode(cid.multihash.bytes))));
  }

  /** The libp2p service. */
  readonly service = (components: KadDHTComponents): KadDHT => {
    const { peerId, privateKey, registrar, addressManager, peerStore, connectionManager, events, logger, ping } =
      components;
    this.#datastore = components.datastore;
    return kadDHT({
      protocol: DHT_PROTOCOL,
      clientMode: false,
      allowQueryWithZeroPeers: true,
      peerInfoMapper: passthroughMapper,
      validators: { [DHT_NAMESPACE]: (key, value) => this.#validate(key, value), pk: refusePublicKey },
      selectors: { [DHT_NAMESPACE]: () => 0 },
    })({
      ...{ peerId, privateKey, registrar, addressManager, peerStore, connectionManager, events, logger, ping },
      datastore: this.#guard(components.datastore),
    });
  };

  /** Forgets what a tab has registered: it is gone, and registers again if it comes back. */
  async forget(peerId: string): Promise<void> {
    const registered = this.#registered.get(peerId);
    this.#registered.delete(peerId);
    for (const { key } of registered?.values() ?? []) await this.#datastore?.delete(key);
  }

  /** Forgets whoever is not among `connected` peer ids, and registrations that were not renewed in time. */
  async sweep(connected: ReadonlySet<string>): Promise<void> {
    const oldestMs = Date.now() - PROVIDER_VALIDITY_MS;
    for (const [peerId, registered] of this.#registered) {
      if (!connected.has(peerId)) await this.forget(peerId);
      for (const [name, { key, atMs }] of registered) {
        if (atMs >= oldestMs) continue;
        registered.delete(name);
        await this.#datastore?.delete(key);
      }
    }
  }

  /** Registrations held: one for each shard or manifest, and holder. */
  countProviders(): number {
    return [...this.#registered.values()].reduce((sum, { size }) => sum + size, 0);
  }

  #validate(key: Uint8Array, value: Uint8Array): void {
    const record = validateShardRecord(key, value);
    const shard = this.#models.get(record.manifestId)?.manifest.shards[record.index];
    if (shard?.infoHash !== record.infoHash || shard.sizeBytes !== record.sizeBytes) {
      throw new ShoalError('bad-request', `The record of shard ${record.index} does not agree with a served manifest.`);
    }
  }

  /** @throws ShoalError `bad-request` unless it is about what is served */
  #register(key: DatastoreKey): void {
    const [, , digest = '', peerId = ''] = key.namespaces();
    if (!this.#digests.has(digest)) {
      throw new ShoalError('bad-request', 'Only holders of served manifests and shards are registered.');
    }
    const registered = this.#registered.get(peerId) ?? new Map();
    this.#registered.set(peerId, registered.set(digest, { key, atMs: Date.now() }));
  }

  #guard(datastore: Datastore): Datastore {
    return new Proxy(datastore, {
      get: (target, property) => {
        if (property !== 'put') return bindTo(target, property);
        return (...[key, ...rest]: Parameters<Datastore['put']>) => {
          if (key.toString().startsWith(`${PROVIDERS}/`)) this.#register(key);
          return target.put(key, ...rest);
        };
      },
    });
  }
}

function bindTo(target: Datastore, property: string | symbol): unknown {
  const value: unknown = Reflect.get(target, property);
  return typeof value === 'function' ? value.bind(target) : value;
}

function refusePublicKey(): never {
  throw new ShoalError('bad-request', 'Public keys are not kept here.');
}
