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
import { MAX_TAB_ADDRESSES } from './limits.ts';
import { ProviderTable } from './provider-table.ts';
import type { ServedModel } from './served-model.ts';

type Datastore = KadDHTComponents['datastore'];
type PeerStore = KadDHTComponents['peerStore'];

/**
 * The server's part of the swarms' DHT: the table itself, since tabs are its clients. It takes records and providers of
 * the served models' shards only; anything else would be memory that any passer-by can fill.
 */
export class ShardDirectory {
  readonly #models: ReadonlyMap<string, ServedModel>;
  readonly providers: ProviderTable;

  private constructor(models: readonly ServedModel[], digests: ReadonlySet<string>) {
    this.#models = new Map(models.map((model) => [model.manifestId, model]));
    this.providers = new ProviderTable(digests);
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
    return kadDHT({
      protocol: DHT_PROTOCOL,
      clientMode: false,
      allowQueryWithZeroPeers: true,
      peerInfoMapper: passthroughMapper,
      validators: { [DHT_NAMESPACE]: (key, value) => this.#validate(key, value), pk: refusePublicKey },
      selectors: { [DHT_NAMESPACE]: () => 0 },
    })({
      ...{ peerId, privateKey, registrar, addressManager, connectionManager, events, logger, ping },
      peerStore: withBoundedAddresses(peerStore, connectionManager),
      datastore: this.#withProviders(components.datastore),
    });
  };

  #validate(key: Uint8Array, value: Uint8Array): void {
    const record = validateShardRecord(key, value);
    const shard = this.#models.get(record.manifestId)?.manifest.shards[record.index];
    if (shard?.infoHash !== record.infoHash || shard.sizeBytes !== record.sizeBytes) {
      throw new ShoalError('bad-request', `The record of shard ${record.index} does not agree with a served manifest.`);
    }
  }

  /** Providers go to a table of their own: bounded, and forgotten with their tabs. */
  #withProviders(datastore: Datastore): Datastore {
    const { providers } = this;
    const put: Datastore['put'] = (key, value, options) => {
      if (!ProviderTable.has(key.toString())) return datastore.put(key, value, options);
      providers.put(key, value);
      return key;
    };
    const query: Datastore['query'] = (query, options) => {
      const { prefix = '' } = query;
      return ProviderTable.has(prefix) ? providers.sample(prefix) : datastore.query(query, options);
    };
    return new Proxy(datastore, {
      get: (target, property) => {
        if (property === 'put') return put;
        return property === 'query' ? query : bindTo(target, property);
      },
    });
  }
}

/**
 * The DHT adds the addresses of a message to those that it knows of the sender, without end. Here they are replaced, and
 * kept of connected tabs only.
 */
function withBoundedAddresses(
  peerStore: PeerStore,
  connectionManager: KadDHTComponents['connectionManager'],
): PeerStore {
  const merge: PeerStore['merge'] = async (peerId, { multiaddrs, ...data }, options) => {
    if (connectionManager.getConnections(peerId).length === 0) return peerStore.get(peerId, options);
    if (multiaddrs) await peerStore.patch(peerId, { multiaddrs: multiaddrs.slice(0, MAX_TAB_ADDRESSES) }, options);
    return peerStore.merge(peerId, data, options);
  };
  return new Proxy(peerStore, {
    get: (target, property) => (property === 'merge' ? merge : bindTo(target, property)),
  });
}

function bindTo(target: object, property: string | symbol): unknown {
  const value: unknown = Reflect.get(target, property);
  return typeof value === 'function' ? value.bind(target) : value;
}

function refusePublicKey(): never {
  throw new ShoalError('bad-request', 'Public keys are not kept here.');
}
