import { ShoalError } from '../core/errors.ts';
import { log } from '../core/log.ts';
import { MemoryNetwork } from '../net/memory/memory-transport.ts';
import type { Transport } from '../net/transport.ts';
import { encodeManifest, type Manifest, manifestIdOf } from '../protocol/manifest.ts';
import { seededRandom } from '../swarm/coordinator/seeded-random.ts';
import { type Device, deviceSequence, layoutOf } from './devices.ts';
import { pretendManifest } from './pretend-manifest.ts';
import { ROW_WIDTH } from './scripted-session.ts';
import { VOCABULARY_SIZE } from './scripted-text.ts';
import { type NodeCode, SimulatedDevice } from './simulated-device.ts';
import { MAX_DEVICES, type SimulationOptions } from './simulation-options.ts';

/** Of the model: what a small one has. */
const LAYERS = 30;
const FIRST_SHARD_BYTES = 46_200_000;
const LAYER_BYTES = 2_160_000;
const SHAPE = { feedForwardWidth: 1536, headCount: 9, kvHeadCount: 3, headSize: 64, ropeDimensions: 64 };
/** As a tab's heartbeat sees a silence. */
const SILENCE_MS = 1800;
/** Which a home network adds at the most. */
const JITTER_MS = 1;
const OWN_LATENCY_MS = 1;
/** Where a copy of what a liar has is reached: routes prefer the liar, and so there is something to find. */
const COPY_LATENCY_MS = 25;
/** A swarm of less has nobody to take over. */
const LEAST_DEVICES = 2;
/** What fetching a shard from the others takes. */
const FETCH_MS = 2500;

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const PEER_ID_START = '12D3KooW';
const PEER_ID_CHARS = 52;

interface Model {
  readonly manifest: Manifest;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Their SHA-256. */
  readonly id: string;
}

/** A swarm in the page: real nodes over a network in memory and layers that are scripted. */
export class SimulatedSwarm {
  readonly manifest: Manifest;
  readonly manifestId: string;
  readonly manifestBytes: Uint8Array<ArrayBuffer>;
  readonly #options: SimulationOptions;
  readonly #code: NodeCode;
  readonly #network: MemoryNetwork;
  readonly #random: () => number;
  readonly #next: Generator<Device, never>;
  readonly #devices: SimulatedDevice[] = [];
  /** From each member to the middle of the network, one way, ms. */
  readonly #latenciesMs = new Map<string, number>();
  readonly #timers: ReturnType<typeof setInterval>[] = [];
  #left = 0;

  private constructor(options: SimulationOptions, code: NodeCode, { manifest, bytes, id }: Model) {
    this.#options = options;
    this.#code = code;
    this.manifest = manifest;
    this.manifestBytes = bytes;
    this.manifestId = id;
    this.#random = seededRandom(options.seed);
    this.#next = deviceSequence(options.seed);
    this.#network = new MemoryNetwork({ random: seededRandom(options.seed), silenceMs: SILENCE_MS });
  }

  /** Opens the swarm; its devices come one after the other. */
  static async open(options: SimulationOptions, code: NodeCode): Promise<SimulatedSwarm> {
    const { shards } = layoutOf(options.devices, options.liars);
    const starts = Array.from({ length: shards + 1 }, (_, index) => Math.round((index * LAYERS) / shards));
    const layers = starts.slice(1).map((end, index) => end - starts[index]!);
    const manifest = pretendManifest({
      name: 'Simulated-135M',
      layers,
      sizeOf: (index) => (index === 0 ? FIRST_SHARD_BYTES : 0) + layers[index]! * LAYER_BYTES,
      hyperparameters: { ...SHAPE, width: ROW_WIDTH, vocabularySize: VOCABULARY_SIZE },
    });
    const bytes = encodeManifest(manifest);
    return new SimulatedSwarm(options, code, { manifest, bytes, id: await manifestIdOf(bytes) });
  }

  /** Devices that are there, in the order in which they came. */
  get devices(): readonly SimulatedDevice[] {
    return this.#devices;
  }

  /** The way of this page's own tab into the swarm. */
  ownTransport(): Transport {
    const transport = this.#network.createTransport(this.#peerId());
    this.#connect(transport.peerId, OWN_LATENCY_MS);
    return transport;
  }

  /** Has the first devices serve, and from then on others come and go, as the options say. */
  async start(): Promise<void> {
    const { devices, liars, joinsEveryS, leavesEveryS } = this.#options;
    const { holdings, liar } = layoutOf(devices, liars);
    const changes = joinsEveryS !== undefined || leavesEveryS !== undefined;
    for (const [place, shard] of holdings.entries()) {
      const copies = liar !== undefined && place !== liar && shard === holdings[liar];
      const added = this.#add({ lies: place === liar, ...(copies ? { latencyMs: COPY_LATENCY_MS } : {}) });
      await added.serve(shard, changes);
    }
    if (joinsEveryS !== undefined) this.#every(joinsEveryS, () => this.#join());
    if (leavesEveryS !== undefined) this.#every(leavesEveryS, () => this.#leave());
  }

  async close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await Promise.all(this.#devices.splice(0).map((device) => device.close(false)));
  }

  #every(seconds: number, happen: () => Promise<void>): void {
    const run = () => happen().catch((error: unknown) => log.warn('SIMULATION', ShoalError.from(error).message));
    this.#timers.push(setInterval(() => void run(), 1000 * seconds));
  }

  async #join(): Promise<void> {
    if (this.#devices.length < MAX_DEVICES) await this.#add({ lies: false }).volunteer();
  }

  /** The first, and every other one, goes without a word, as when a lid is shut; the others hand over. */
  async #leave(): Promise<void> {
    if (this.#devices.length <= LEAST_DEVICES) return;
    const [device] = this.#devices.splice(Math.floor(this.#random() * this.#devices.length), 1);
    const handsOver = this.#left++ % 2 === 1;
    if (!handsOver) this.#network.kill(device!.peerId);
    await device!.close(handsOver);
    this.#latenciesMs.delete(device!.peerId);
  }

  #add({ lies, latencyMs }: { readonly lies: boolean; readonly latencyMs?: number }): SimulatedDevice {
    const device = this.#next.next().value;
    const transport = this.#network.createTransport(this.#peerId());
    const { manifest, manifestId } = this;
    const code = this.#code;
    const added = new SimulatedDevice({ code, device, transport, manifest, manifestId, lies, fetchMs: FETCH_MS });
    this.#connect(transport.peerId, latencyMs ?? device.latencyMs);
    this.#devices.push(added);
    return added;
  }

  /** As real ones look, so that names and colours are as apart. */
  #peerId(): string {
    const digit = () => BASE58[Math.floor(this.#random() * BASE58.length)];
    return PEER_ID_START + Array.from({ length: PEER_ID_CHARS - PEER_ID_START.length }, digit).join('');
  }

  /** Every two members have a link of their own, as slow as both of their ways together. */
  #connect(peerId: string, latencyMs: number): void {
    const lossRate = this.#options.lossPercent / 100;
    for (const [other, otherMs] of this.#latenciesMs) {
      this.#network.setLink(peerId, other, { latencyMs: latencyMs + otherMs, jitterMs: JITTER_MS, lossRate });
    }
    this.#latenciesMs.set(peerId, latencyMs);
  }
}
