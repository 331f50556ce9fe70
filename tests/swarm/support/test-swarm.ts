import type { MemoryTransport } from '../../../src/net/memory/memory-member.ts';
import { MemoryNetwork, type MemoryNetworkOptions } from '../../../src/net/memory/memory-transport.ts';
import type { Transport } from '../../../src/net/transport.ts';
import type { HiddenFormat } from '../../../src/protocol/hidden-formats.ts';
import type { Manifest } from '../../../src/protocol/manifest.ts';
import { pretendManifest } from '../../../src/simulation/pretend-manifest.ts';
import { PretendStore } from '../../../src/simulation/pretend-store.ts';
import type { ShardReader } from '../../../src/store/shard-store.ts';
import type { CheckpointShelf } from '../../../src/swarm/coordinator/kept-conversation.ts';
import { SwarmNode } from '../../../src/swarm/node.ts';
import { ShardKeeper } from '../../../src/swarm/shards/shard-keeper.ts';
import type { Lending } from '../../../src/swarm/stage/lending.ts';
import { RowHasher } from '../../../src/swarm/stage/row-digests.ts';
import type { NodeLimits } from '../../../src/swarm/stage/stage-server.ts';
import { ArithmeticRunner, type ArithmeticRunnerOptions } from './arithmetic-runner.ts';

// A simulated clock passes minutes while its code is compiled.
await RowHasher.shared();

const LAYERS = [8, 8, 7, 7];

export interface TestSwarmOptions extends Omit<ArithmeticRunnerOptions, 'stateStep'> {
  /** `stateStep` of the nodes, by their place in the list. */
  readonly stateSteps?: readonly number[];
  /** Layers of each shard; as a model of 30 layers in four shards when absent. */
  readonly layers?: readonly number[];
  readonly network?: MemoryNetworkOptions;
  /** What every node's owner permits; f32 when absent. */
  readonly wire?: HiddenFormat;
  /** How much a node takes on, by its place in the list; guests take on nothing. */
  readonly limits?: (node: number) => Partial<NodeLimits>;
  /** Every node's owner lets others ask it for shards. */
  readonly willing?: boolean;
  /** What nodes compute is computed again by others, by chance; not unless it is set. */
  readonly checks?: boolean;
  /** What the nodes' owners lend, by their place in the list; all of it when absent. The guest's is -1. */
  readonly lending?: (node: number) => Lending | undefined;
  /** Peers that every node's owner lets unload shards. */
  readonly trusted?: readonly string[];
  /** Shards that every tab has stored, served or not; those that it serves when absent. */
  readonly stored?: readonly number[];
  /** Every device has room for all shards; where it does not, nobody takes any unless they are willing. */
  readonly room?: boolean;
  /** What tabs reach each other by, by their place in the list; the guest's is -1. The network's own when absent. */
  readonly transport?: (inner: MemoryTransport, node: number) => Transport;
  /** Where this browser's tabs note what their conversations have kept; they keep none when absent. */
  readonly shelf?: CheckpointShelf;
  /** What fetching a shard that a node does not hold yet takes, ms. */
  readonly fetchMs?: number;
}

/** A swarm in one process: real nodes, coordinators and pipelines over a network and a model made for tests. */
export class TestSwarm {
  readonly manifest: Manifest;
  readonly network: MemoryNetwork;
  readonly nodes: SwarmNode[] = [];
  readonly guest: SwarmNode;
  readonly #options: TestSwarmOptions;
  readonly #runners = new Map<string, ArithmeticRunner>();
  readonly #transports = new Map<string, MemoryTransport>();

  private constructor(options: TestSwarmOptions) {
    this.#options = options;
    this.network = new MemoryNetwork(options.network);
    this.manifest = testManifest(options.layers ?? LAYERS);
    this.guest = this.#createNode().node;
  }

  /** One node for each list of shards, all of them ready, and a guest that knows them. */
  static async create(holdings: readonly (readonly number[])[], options: TestSwarmOptions = {}): Promise<TestSwarm> {
    const swarm = new TestSwarm(options);
    for (const shards of holdings) await swarm.addNode(shards);
    for (let tries = 0; tries < 100 && swarm.guest.membership.members().length < holdings.length; tries++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return swarm;
  }

  async addNode(shards: readonly number[]): Promise<SwarmNode> {
    const { node, keeper } = this.#createNode();
    this.nodes.push(node);
    for (const shard of shards) await keeper.serve(shard);
    node.join();
    return node;
  }

  /** Another tab, whose owner leaves the choice of shards to it. @returns when it serves */
  async addAuto(): Promise<SwarmNode> {
    const { node, keeper } = this.#createNode();
    this.nodes.push(node);
    const shard = await node.pickShard();
    const serving = shard === undefined ? undefined : keeper.serve(shard);
    node.join({ auto: true });
    await serving;
    return node;
  }

  /** Another tab that prompts and serves nothing. */
  addGuest(): SwarmNode {
    return this.#createNode().node;
  }

  /** The node goes: with a goodbye, or without a word as when its process ends. */
  async removeNode(node: SwarmNode, how: 'clean' | 'abrupt'): Promise<void> {
    const { peerId } = node;
    this.nodes.splice(this.nodes.indexOf(node), 1);
    if (how === 'abrupt') this.network.kill(peerId);
    else await node.leave();
    await node.close();
    await this.#transports.get(peerId)?.close();
    this.#transports.delete(peerId);
    this.#runners.delete(peerId);
  }

  /** Sessions that the node's runner holds caches for. */
  runnerSessions(peerId: string): number {
    return this.#runners.get(peerId)?.sessionCount ?? 0;
  }

  kill(index: number): void {
    this.network.kill(this.nodes[index]!.peerId);
  }

  transportOf(peerId: string): MemoryTransport {
    return this.#transports.get(peerId)!;
  }

  /** The node's runner, to be made to lie. */
  runner(peerId: string): ArithmeticRunner {
    return this.#runners.get(peerId)!;
  }

  /** As when the node's worker is caught in a loop: nothing that it is asked comes back, and its page is well. */
  hang(peerId: string): void {
    const never = () => new Promise<never>(() => undefined);
    Object.assign(this.runner(peerId), {
      executeBatch: never,
      openSession: never,
      truncateSession: never,
      closeSession: never,
    });
  }

  /** As when the node's GPU process dies: it takes a new device and loads its shards again. */
  loseDevice(peerId: string): void {
    this.#runners.get(peerId)?.loseDevice();
  }

  async close(): Promise<void> {
    await Promise.allSettled([this.guest, ...this.nodes].map((node) => node.close()));
  }

  #createNode(): { node: SwarmNode; keeper: ShardKeeper } {
    const inner = this.network.createTransport();
    this.#transports.set(inner.peerId, inner);
    const place = this.#transports.size - 2;
    const { wire = 'f32', willing = false, room = willing, fetchMs = 0, stored = [] } = this.#options;
    const stateStep = this.#options.stateSteps?.[this.nodes.length] ?? 1;
    const store: PretendStore = new PretendStore({
      manifest: this.manifest,
      fetchMs: () => (keeper.joined ? fetchMs : 0),
      stored: (index) => stored.includes(index) || keeper.ready().includes(index),
    });
    let node: SwarmNode | undefined;
    const keeper: ShardKeeper = new ShardKeeper({
      manifest: this.manifest,
      store,
      originOf: (shard) => ({ shard, fetchTorrent: async () => undefined }),
      readerOf: (shard) => ({ shard }) as ShardReader,
      createRunner: async (hyperparameters) => {
        const runner = new ArithmeticRunner(hyperparameters, { ...this.#options, stateStep });
        if (node) this.#runners.set(node.peerId, runner);
        return runner;
      },
      onRunner: (runner) => node?.useRunner(runner),
    });
    const memory = room ? {} : { memoryBytes: 1 };
    const { trusted: trustedPeers = [] } = this.#options;
    const consents = { acceptRemoteLoads: willing, acceptRemoteUnloads: true, trustedPeers };
    const { checks: checkOthers = false, shelf } = this.#options;
    const lending = () => {
      const lent = this.#options.lending?.(place);
      return lent ? { lending: lent } : {};
    };
    const settings = () => ({
      ...lending(),
      spreadModel: false,
      ...consents,
      registerInDht: true,
      checkOthers,
      wire,
      ...memory,
    });
    node = new SwarmNode({
      transport: this.#options.transport?.(inner, place) ?? inner,
      store,
      manifest: this.manifest,
      manifestId: 'a'.repeat(64),
      keeper,
      settings,
      shelf: shelf && (async () => shelf),
      limits: this.#options.limits?.(this.nodes.length) ?? {},
    });
    return { node, keeper };
  }
}

function testManifest(layers: readonly number[]): Manifest {
  // One number a token is the whole hidden state.
  const hyperparameters = { width: 1, vocabularySize: 997 };
  return pretendManifest({ name: 'arithmetic', layers, sizeOf: (index) => 1000 + index, hyperparameters });
}
