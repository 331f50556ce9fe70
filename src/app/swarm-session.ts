import { createWorkerRunner, type RunnerChoice } from '../../workers/runner-client.ts';
import { storeThread } from '../../workers/store-client.ts';
import { openWorkerText } from '../../workers/tokenizer-client.ts';
import type { ModelHeader } from '../../workers/tokenizer-contract.ts';
import { ShoalError } from '../core/errors.ts';
import { collectAllGarbage } from '../core/garbage.ts';
import { Lazy } from '../core/lazy.ts';
import { log } from '../core/log.ts';
import type { LayerRunner, RunnerInfo } from '../engine/layer-runner.ts';
import type { Grammars } from '../grammar/answer-grammar.ts';
import type { Hyperparameters } from '../model/hyperparameters.ts';
import type { Transport } from '../net/transport.ts';
import type { ManifestShard } from '../protocol/manifest.ts';
import { relayMultiaddr } from '../protocol/server-config.ts';
import { IdbShardReader } from '../store/idb/idb-shard-reader.ts';
import { MemoryChunks, MemoryRecords } from '../store/idb/memory-chunks.ts';
import { LocalStoreThread } from '../store/idb/store-thread.ts';
import type { ShardOrigin, ShardReader, ShardStore } from '../store/shard-store.ts';
import type { MeetingPlace } from '../store/torrent/peer-introducer.ts';
import { createTorrentShardStore } from '../store/torrent-shard-store.ts';
import type { CheckpointShelf } from '../swarm/coordinator/kept-conversation.ts';
import { serveManifest } from '../swarm/members/manifest-exchange.ts';
import { ShardIntroducer } from '../swarm/members/shard-introducer.ts';
import { type NodeSettings, SwarmNode } from '../swarm/node.ts';
import { ShardKeeper } from '../swarm/shards/shard-keeper.ts';
import type { ModelText, TokenTable } from '../tokenizer/index.ts';
import type { HubSetting, Lack } from './app-model.ts';
import { shardMemoryBytes } from './device-memory.ts';
import { fetchServerConfig, type IntroducedModel, type KnownServer } from './introduction.ts';
import { modelHub } from './model-hub.ts';
import { peerRelays, peerTracker } from './peer-servers.ts';
import type { PrivateMembership } from './private-model.ts';
import type { PrivateSwarm } from './private-swarm.ts';
import { serverSocketUrl, serverUrl } from './server-url.ts';

/** Shards kept in memory where a browser keeps nothing and does not say how much memory there is. */
const MAX_MEMORY_STORE_BYTES = 1024 ** 3;

/** What a session computes and stores with, where that is not what this browser has. */
export interface SessionParts {
  readonly store: ShardStore & MeetingPlace;
  readonly createRunner: (hyperparameters: Hyperparameters) => Promise<LayerRunner>;
  readonly readerOf: (shard: ManifestShard) => ShardReader;
  readonly openText: () => Promise<ModelText>;
}

export interface SwarmSessionOptions {
  readonly server: KnownServer;
  readonly model: IntroducedModel;
  readonly settings: () => NodeSettings;
  /** What the owner lends of this device. */
  readonly lender: { readonly memoryBytes: number | undefined; readonly diskBytes: number | undefined };
  /** As the owner wants now. */
  readonly hub: () => HubSetting;
  readonly runnerChoice: Promise<RunnerChoice>;
  /** Told what has been started to run layers, and why. */
  readonly onRunner: (runner: { readonly kind: RunnerInfo['kind']; readonly reason: string }) => void;
  /** Opens this tab's transport, or gives the one that is open. */
  readonly network: () => Promise<Transport>;
  readonly lacks: readonly Lack[];
  /** Where the swarm is a private one: the tracker hears nothing of it, and the server only if it knows the secret. */
  readonly membership?: PrivateMembership | undefined;
  /** Of a simulation, which keeps nothing. */
  readonly parts?: SessionParts | undefined;
}

/**
 * This tab's transport, opened when first asked for: it reaches the swarm through the server's relay, and of an open
 * swarm that several servers share, through another's too. Its libraries are
 * most of the page's code, and are loaded only then: layers can be loaded meanwhile. Without WebRTC nobody could reach
 * it, so it is in a swarm of its own.
 */
export function lazyTransport(
  server: KnownServer,
  lacks: readonly Lack[],
  { manifestId, swarm }: { readonly manifestId?: string | undefined; readonly swarm?: PrivateSwarm } = {},
): () => Promise<Transport> {
  const open = async () => {
    if (lacks.includes('webrtc')) {
      const { MemoryNetwork } = await import('../net/memory/memory-transport.ts');
      return new MemoryNetwork().createTransport();
    }
    const { createLibp2pTransport } = await import('../net/libp2p/libp2p-transport.ts');
    const transport = await createLibp2pTransport({
      relay: relayMultiaddr(server.relay, server.page),
      others: peerRelays(server, manifestId, server.page),
      readOthers: async (signal) => peerRelays(await fetchServerConfig(server.page, signal), manifestId, server.page),
      iceServers: server.iceServers,
    });
    if (!swarm) return transport;
    const { GatedTransport } = await import('../net/gate/gated-transport.ts');
    return new GatedTransport(transport, swarm.keys);
  };
  const transport = new Lazy(open);
  return () => transport.get();
}

/** One model's swarm as this tab takes part in it: everything below the page, put together. */
export class SwarmSession {
  readonly model: IntroducedModel;
  readonly store: ShardStore & MeetingPlace;
  readonly keeper: ShardKeeper;
  /** Whether this browser keeps site data, for a later page and for its other tabs. */
  readonly keepsData: boolean;
  /** Of a private swarm. */
  readonly membership: PrivateMembership | undefined;
  readonly #page: string;
  readonly #settings: () => NodeSettings;
  readonly #network: () => Promise<Transport>;
  readonly #parts: SessionParts | undefined;
  /** Over the model's tokens. */
  readonly grammars: Grammars = { follow: async (grammar) => (await this.#grammarThread.get()).follow(grammar) };
  readonly #closed = new AbortController();
  #opened: Promise<Transport | undefined> | undefined;
  #node: SwarmNode | undefined;
  readonly #text = new Lazy(() => this.#openText());
  readonly #grammarThread = new Lazy(async () => {
    const { workerGrammars } = await import('../../workers/grammar-client.ts');
    return workerGrammars(async () => (await this.text()).tokens.data, this.#closed.signal);
  });
  #tokens: TokenTable | undefined;

  constructor(options: SwarmSessionOptions) {
    const { server, model, settings, lender, hub, runnerChoice, onRunner, network, lacks, membership, parts } = options;
    const { manifest } = model;
    this.model = model;
    this.membership = membership;
    this.#page = server.page;
    this.#settings = settings;
    this.#network = network;
    this.#parts = parts;
    this.keepsData = !parts && !lacks.includes('site-data');
    const memory = this.keepsData || parts ? undefined : memoryStore();
    const torrents = () =>
      createTorrentShardStore({
        announce: this.membership
          ? []
          : [serverSocketUrl(server.trackerPath, server.page), ...peerTracker(server, model.manifestId, server.page)],
        iceServers: server.iceServers,
        pieceLength: manifest.pieceLength,
        webSeedUrl: (shard) => this.#fileUrl(shard.fileName),
        authorize: () => this.#authorization(),
        hub: modelHub(manifest, { page: server.page, isPrivate: membership !== undefined, wish: hub }),
        lentBytes: () => lender.diskBytes,
        thread: storeThread,
        ...memory,
      });
    this.store = parts?.store ?? torrents();
    this.keeper = new ShardKeeper({
      manifest,
      store: this.store,
      originOf: (shard) => this.#originOf(shard),
      readerOf: (shard) => parts?.readerOf(shard) ?? new IdbShardReader(shard, manifest.pieceLength, memory),
      createRunner: async (hyperparameters) => {
        const choice = await runnerChoice;
        const readsHere = memory !== undefined;
        const created = parts
          ? await parts.createRunner(hyperparameters)
          : await createWorkerRunner(choice, hyperparameters, manifest.pieceLength, readsHere);
        const { kind, adapter, reason = choice.reason } = created.info;
        log.info('ENGINE', `Layers run on ${adapter}: ${reason}.`);
        onRunner({ kind, reason });
        return created;
      },
      lentBytes: () => lender.memoryBytes,
      onRunner: (runner) => this.#node?.useRunner(runner),
    });
  }

  /** Whether swarm and model are made up. */
  get simulated(): boolean {
    return this.#parts !== undefined;
  }

  /**
   * For what one page leaves to the next.
   * @param lack - what it means that this browser keeps no site data
   * @throws ShoalError `storage-full` where it keeps none, `bad-request` in a simulation
   */
  requireKeeping(lack: string): void {
    if (this.#parts) {
      const way = 'Open the page without "simulate" in its address.';
      throw new ShoalError('bad-request', `A simulation keeps nothing. ${way}`);
    }
    if (!this.keepsData) throw new ShoalError('storage-full', `This browser keeps no site data, so ${lack}`);
  }

  /** This tab's connection to the swarm, opened when first asked for. */
  transport(): Promise<Transport> {
    const opening = this.#network();
    this.#opened = opening.catch(() => undefined);
    return opening;
  }

  /** Undefined until `connect` is done. */
  get node(): SwarmNode | undefined {
    return this.#node;
  }

  /** Reaches the swarm through the server's relay; goes on trying when the server is away. */
  async connect(): Promise<SwarmNode> {
    const { manifest, manifestId, bytes } = this.model;
    const transport = await this.transport();
    const node = new SwarmNode({
      transport,
      store: this.store,
      manifest,
      manifestId,
      keeper: this.keeper,
      settings: this.#settings,
      shelf: this.keepsData ? openShelf : undefined,
    });
    node.useRunner(await this.keeper.runner());
    this.#node = node;
    serveManifest(transport, manifestId, bytes);
    const { registry, membership } = node;
    this.store.introduceBy(
      new ShardIntroducer({
        transport,
        manifest,
        registry,
        standing: (peerId) => membership.standing(peerId),
        answer: (...offer) => this.store.answer(...offer),
      }),
    );
    return node;
  }

  /** Gives back all that this tab holds of the swarm but what is stored. What runs ends; nothing can be asked any more. */
  async close(): Promise<void> {
    this.#closed.abort();
    await this.#node?.close();
    await this.keeper.close();
    await this.store.close();
    await (await this.#opened)?.close();
  }

  /** Deletes what this browser keeps of sessions: of its own conversations, and of others'. */
  async clearCheckpoints(): Promise<void> {
    if (!this.keepsData) return;
    const { CheckpointDatabase } = await import('../store/idb/checkpoint-database.ts');
    await new CheckpointDatabase().clear();
  }

  /** Text in and out of the model, by the tokenizer in the header of shard 0, which every tab may fetch. */
  text(): Promise<ModelText> {
    return this.#text.get();
  }

  /** Undefined until `text` is there. */
  get tokens(): TokenTable | undefined {
    return this.#tokens;
  }

  async #openText(): Promise<ModelText> {
    const open = this.#parts?.openText ?? (() => openWorkerText(() => this.#readHeader(), this.#closed.signal));
    const text = await open();
    this.#tokens = text.tokens;
    return text;
  }

  async #readHeader(): Promise<ModelHeader> {
    const { name: modelName, shards } = this.model.manifest;
    const shard = shards[0]!;
    const header = { modelName, fileName: shard.fileName, sizeBytes: shard.sizeBytes };
    const bytes = await this.store.obtainHeader(this.#originOf(shard), {});
    // Room that a download has grown is not needed any more.
    if (this.store.transfers().some(({ receivedBytes }) => receivedBytes > 0)) setTimeout(collectAllGarbage);
    // The store's own, as its worker or the network gave it: nobody else has it.
    return { bytes: bytes as Uint8Array<ArrayBuffer>, ...header };
  }

  #originOf(shard: ManifestShard): ShardOrigin {
    return {
      shard,
      fetchTorrent: async (signal) => {
        const url = this.#fileUrl(shard.fileName.replace(/\.gguf$/, '.torrent'));
        // Whoever serves a shard has its torrent.
        if (url === undefined) return undefined;
        try {
          const authorization = await this.#authorization();
          const headers = authorization === undefined ? {} : { authorization };
          const response = await fetch(url, { headers, ...(signal ? { signal } : {}) });
          return response.ok ? new Uint8Array(await response.arrayBuffer()) : undefined;
        } catch (error) {
          if (signal?.aborted) throw ShoalError.from(error);
          // The server is away: peers have the metadata too.
          return undefined;
        }
      },
    };
  }

  /** Of a file of the model at the server; undefined where it gives this swarm none. */
  #fileUrl(fileName: string): string | undefined {
    const { model, membership } = this;
    if (membership) return membership.pass?.url(fileName);
    return serverUrl(`/models/${model.manifest.name}/${fileName}`, this.#page).href;
  }

  /** The header that the server asks for with it, in a private swarm. */
  async #authorization(): Promise<string | undefined> {
    return this.membership?.pass?.authorization();
  }
}

/** Its code comes with the first conversation that is looked for. */
async function openShelf(): Promise<CheckpointShelf> {
  const { KeptConversations } = await import('./chat/kept-conversations.ts');
  return new KeptConversations();
}

/** For a browser that keeps no site data. Workers would not see it, so this thread fetches, hashes and reads. */
function memoryStore() {
  const chunks = new MemoryChunks(shardMemoryBytes() ?? MAX_MEMORY_STORE_BYTES);
  return { chunks, records: new MemoryRecords(), thread: new LocalStoreThread(chunks) };
}
