import type { MemoryTransport } from '../net/memory/memory-member.ts';
import type { Manifest } from '../protocol/manifest.ts';
import type { ShardReader } from '../store/shard-store.ts';
import type { SwarmNode } from '../swarm/node.ts';
import type { ShardKeeper } from '../swarm/shards/shard-keeper.ts';
import type { Device } from './devices.ts';
import { PretendStore } from './pretend-store.ts';
import { simulatedRunner } from './simulated-runner.ts';

/** What the page runs already. Handed over: imported here too, it would lie in files of its own, and the first load be larger. */
export interface NodeCode {
  readonly SwarmNode: typeof SwarmNode;
  readonly ShardKeeper: typeof ShardKeeper;
}

export interface SimulatedDeviceOptions {
  readonly code: NodeCode;
  readonly device: Device;
  readonly transport: MemoryTransport;
  readonly manifest: Manifest;
  readonly manifestId: string;
  readonly lies: boolean;
  /** What fetching a shard takes, ms. */
  readonly fetchMs: number;
}

/** A device of the simulation: a real node, over a runner and a store that pretend. */
export class SimulatedDevice {
  readonly name: string;
  readonly node: SwarmNode;
  readonly #transport: MemoryTransport;
  readonly #keeper: ShardKeeper;
  /** Shards that it had before it came. */
  readonly #stored = new Set<number>();

  constructor({ code, device, transport, manifest, manifestId, lies, fetchMs }: SimulatedDeviceOptions) {
    this.name = device.name;
    this.#transport = transport;
    const stored = (index: number) => this.#stored.has(index);
    const store = new PretendStore({ manifest, fetchMs: () => fetchMs, stored, tells: true });
    this.#keeper = new code.ShardKeeper({
      manifest,
      store,
      originOf: (shard) => ({ shard, fetchTorrent: async () => undefined }),
      readerOf: (shard) => ({ shard }) as ShardReader,
      createRunner: async (hyperparameters) => simulatedRunner(hyperparameters, { ...device, lies }),
      onRunner: (runner) => this.node.useRunner(runner),
    });
    this.node = new code.SwarmNode({
      transport,
      store,
      manifest,
      manifestId,
      keeper: this.#keeper,
      settings: () => ({
        name: device.name,
        spreadModel: false,
        acceptRemoteLoads: true,
        acceptRemoteUnloads: false,
        trustedPeers: [],
        registerInDht: true,
        checkOthers: true,
        memoryBytes: device.memoryBytes,
        wire: 'f32',
      }),
    });
  }

  get peerId(): string {
    return this.node.peerId;
  }

  /** Comes with a shard. @param auto - what else it serves is left to it */
  async serve(shard: number, auto: boolean): Promise<void> {
    this.#stored.add(shard);
    await this.#keeper.serve(shard);
    this.node.join({ auto });
  }

  /** Comes with nothing, and takes what the swarm needs most. */
  async volunteer(): Promise<void> {
    const shard = await this.node.pickShard();
    const serving = shard === undefined ? undefined : this.#keeper.serve(shard);
    this.node.join({ auto: true });
    await serving;
  }

  /** @param handsOver - with a goodbye; otherwise it is gone, and `kill` has been called */
  async close(handsOver: boolean): Promise<void> {
    if (handsOver) await this.node.leave();
    await this.node.close();
    await this.#transport.close();
  }
}
