import { type KadDHT, type KadDHTComponents, kadDHT, passthroughMapper } from '@libp2p/kad-dht';
import { base32 } from 'multiformats/bases/base32';
import { ShoalError } from '../src/core/errors.ts';
import {
  DHT_NAMESPACE,
  DHT_PROTOCOL,
  providerCid,
  shardRecordKey,
  validateShardRecord,
} from '../src/protocol/directory.ts';
import type { ServedModel } from './served-model.ts';

/** Where kad-dht keeps providers in its datastore: `/dht/provider/<multihash in base32>/<peer id>`. */
const PROVIDERS = '/dht/provider';

type Datastore = KadDHTComponents['datastore'];

/**
 * The server's part of the swarms' DHT: the table itself, since tabs are its clients. It takes records and providers of
 * the served models' shards only; anything else would be memory that any passer-by can fill.
 */
export class ShardDirectory {
  readonly #models: ReadonlyMap<string, ServedModel>;
  readonly #digests: ReadonlySet<string>;
  #datastore: Datastore | undefined;

  private constructor(models: readonly ServedModel[], digests: ReadonlySet<string>) {
    this.#models = new Map(models.map((model) => [model.manifestId, model]));
    this.#digests = digests;
  }

  static async create(models: readonly ServedModel[]): Promise<ShardDirectory> {
    const keys = models.flatMap(({ manifest, manifestId }) =>
      manifest.shards.map(({ index }) => shardRecordKey(manifestId, index)),
    );
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

  /** Forgets providers that are not among `connected` peer ids; they register again when they come back. */
  async forgetOthers(connected: ReadonlySet<string>): Promise<void> {
    if (!this.#datastore) return;
    for await (const key of this.#datastore.queryKeys({ prefix: PROVIDERS })) {
      if (!connected.has(key.baseNamespace())) await this.#datastore.delete(key);
    }
  }

  /** Registrations held: one for each shard and holder. */
  async countProviders(): Promise<number> {
    let count = 0;
    for await (const _ of this.#datastore?.queryKeys({ prefix: PROVIDERS }) ?? []) count++;
    return count;
  }

  #validate(key: Uint8Array, value: Uint8Array): void {
    const record = validateShardRecord(key, value);
    const shard = this.#models.get(record.manifestId)?.manifest.shards[record.index];
    if (shard?.infoHash !== record.infoHash || shard.sizeBytes !== record.sizeBytes) {
      throw new ShoalError('bad-request', `The record of shard ${record.index} does not agree with a served manifest.`);
    }
  }

  #guard(datastore: Datastore): Datastore {
    return new Proxy(datastore, {
      get: (target, property) => {
        if (property !== 'put') return bindTo(target, property);
        return (...[key, ...rest]: Parameters<Datastore['put']>) => {
          const digest = key.toString().startsWith(`${PROVIDERS}/`) ? key.namespaces()[2] : undefined;
          if (digest !== undefined && !this.#digests.has(digest)) {
            throw new ShoalError('bad-request', 'Only holders of served shards are registered.');
          }
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
