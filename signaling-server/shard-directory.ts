import { type KadDHT, type KadDHTComponents, kadDHT, passthroughMapper } from '@libp2p/kad-dht';
import { Key } from 'interface-datastore';
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
import { MAX_NAMED_HOLDERS } from '../src/protocol/directory-exchange.ts';
import { MAX_TAB_ADDRESSES } from './limits.ts';
import { type FindElsewhere, ForeignHolders } from './peers/foreign-holders.ts';
import { digestOf, ProviderTable } from './provider-table.ts';
import type { ServedModel } from './served-model.ts';

type Datastore = KadDHTComponents['datastore'];
type PeerStore = KadDHTComponents['peerStore'];

/** When another server's holder registered is not known here, and decides nothing. */
const UNKNOWN_TIME = Uint8Array.of(0);

/**
 * The server's part of the swarms' DHT: the table itself, since tabs are its clients. It takes records and providers of
 * the served models' shards only; anything else would be memory that any passer-by can fill.
 */
export class ShardDirectory {
  readonly #models: ReadonlyMap<string, ServedModel>;
  readonly providers: ProviderTable;
  /** By digest, multihashes in base32. */
  readonly #keys: ReadonlyMap<string, string>;
  readonly #elsewhere: ForeignHolders | undefined;
  /** Records that this server has taken, by key. */
  readonly #records = new Map<string, Uint8Array>();

  private constructor(
    models: readonly ServedModel[],
    keys: ReadonlyMap<string, string>,
    find: FindElsewhere | undefined,
  ) {
    this.#models = new Map(models.map((model) => [model.manifestId, model]));
    this.#keys = keys;
    this.#elsewhere = find && new ForeignHolders(find);
    this.providers = new ProviderTable(new Set(keys.keys()));
  }

  /** @param find - asks the other servers of the same swarms, where there are any */
  static async create(models: readonly ServedModel[], find?: FindElsewhere): Promise<ShardDirectory> {
    const keys = models.flatMap(({ manifest, manifestId }) => [
      manifestKey(manifestId),
      ...manifest.shards.map(({ index }) => shardRecordKey(manifestId, index)),
    ]);
    const digests = await Promise.all(
      keys.map(async (key) => [base32.baseEncode((await providerCid(key)).multihash.bytes), key] as const),
    );
    return new ShardDirectory(models, new Map(digests), find);
  }

  /** Holders that are registered here: of many as many as anybody asks. */
  holders(key: string): string[] {
    const digest = [...this.#keys].find(([, known]) => known === key)?.[0];
    return digest === undefined ? [] : this.providers.holders(digest);
  }

  /** Tells the other servers of the records that are known here: tabs put theirs to two of them. */
  async share(dht: KadDHT): Promise<void> {
    for (const [key, value] of this.#records) {
      // One that does not take it is told again when it comes back.
      try {
        for await (const _ of dht.put(new TextEncoder().encode(key), value));
      } catch {}
    }
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
      peerStore: withBoundedAddresses(peerStore, connectionManager, this.#elsewhere),
      datastore: this.#withProviders(components.datastore),
    });
  };

  #validate(key: Uint8Array, value: Uint8Array): void {
    const record = validateShardRecord(key, value);
    const shard = this.#models.get(record.manifestId)?.manifest.shards[record.index];
    if (shard?.infoHash !== record.infoHash || shard.sizeBytes !== record.sizeBytes) {
      throw new ShoalError('bad-request', `The record of shard ${record.index} does not agree with a served manifest.`);
    }
    this.#records.set(new TextDecoder().decode(key), value);
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
      return ProviderTable.has(prefix) ? this.#everywhere(prefix) : datastore.query(query, options);
    };
    return new Proxy(datastore, {
      get: (target, property) => {
        if (property === 'put') return put;
        return property === 'query' ? query : bindTo(target, property);
      },
    });
  }

  /** Holders under a prefix, first those who are registered here: one look-up answers for all servers. */
  async *#everywhere(prefix: string): ReturnType<Datastore['query']> {
    const here = [...this.providers.sample(prefix)];
    yield* here;
    const key = this.#keys.get(digestOf(prefix));
    if (!this.#elsewhere || key === undefined || here.length >= MAX_NAMED_HOLDERS) return;
    const named = new Set(here.map((registration) => registration.key.name()));
    for (const holder of await this.#elsewhere.of(key)) {
      if (!named.has(holder)) yield { key: new Key(`${prefix}/${holder}`), value: UNKNOWN_TIME };
    }
  }
}

/**
 * The DHT adds the addresses of a message to those that it knows of the sender, without end. Here they are replaced, and
 * kept of connected tabs only. Holders at other servers are there by those servers' relays.
 */
function withBoundedAddresses(
  peerStore: PeerStore,
  connectionManager: KadDHTComponents['connectionManager'],
  elsewhere: ForeignHolders | undefined,
): PeerStore {
  const merge: PeerStore['merge'] = async (peerId, { multiaddrs, ...data }, options) => {
    if (connectionManager.getConnections(peerId).length === 0) return peerStore.get(peerId, options);
    if (multiaddrs) await peerStore.patch(peerId, { multiaddrs: multiaddrs.slice(0, MAX_TAB_ADDRESSES) }, options);
    return peerStore.merge(peerId, data, options);
  };
  const get: PeerStore['get'] = async (peerId, options) => {
    const address = elsewhere?.addressOf(peerId);
    if (!address || connectionManager.getConnections(peerId).length > 0) return peerStore.get(peerId, options);
    const addresses = [{ multiaddr: address, isCertified: false }];
    return { id: peerId, addresses, protocols: [], metadata: new Map(), tags: new Map() };
  };
  return new Proxy(peerStore, {
    get: (target, property) => {
      if (property === 'merge') return merge;
      return property === 'get' ? get : bindTo(target, property);
    },
  });
}

function bindTo(target: object, property: string | symbol): unknown {
  const value: unknown = Reflect.get(target, property);
  return typeof value === 'function' ? value.bind(target) : value;
}

function refusePublicKey(): never {
  throw new ShoalError('bad-request', 'Public keys are not kept here.');
}
