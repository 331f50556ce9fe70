import { seededRandom } from '../swarm/coordinator/seeded-random.ts';

/** A simulated device. */
export interface Device {
  readonly name: string;
  readonly kind: 'webgpu' | 'cpu';
  readonly layersPerSecond: number;
  /** From the device to the middle of the network, one way, ms. */
  readonly latencyMs: number;
  /** Bytes of shards that it has memory for. */
  readonly memoryBytes: number;
}

interface DeviceType extends Pick<Device, 'kind'> {
  readonly name: string;
  /** From, to. */
  readonly layersPerSecond: readonly [number, number];
  readonly latencyMs: readonly [number, number];
  readonly memoryGigabytes: number;
}

/** As they stand in homes and schools; speeds as of a small model. */
const TYPES: readonly DeviceType[] = [
  { name: 'Kitchen laptop', kind: 'cpu', layersPerSecond: [900, 1400], latencyMs: [2, 4], memoryGigabytes: 2 },
  { name: 'Mia’s desktop', kind: 'webgpu', layersPerSecond: [3500, 4800], latencyMs: [1, 3], memoryGigabytes: 8 },
  { name: 'Old phone', kind: 'cpu', layersPerSecond: [500, 800], latencyMs: [5, 8], memoryGigabytes: 1 },
  { name: 'Office laptop', kind: 'webgpu', layersPerSecond: [2000, 3000], latencyMs: [2, 4], memoryGigabytes: 4 },
  { name: 'School tablet', kind: 'webgpu', layersPerSecond: [1200, 1900], latencyMs: [3, 6], memoryGigabytes: 2 },
  { name: 'Ravi’s phone', kind: 'webgpu', layersPerSecond: [900, 1500], latencyMs: [4, 7], memoryGigabytes: 1 },
  { name: 'Library PC', kind: 'cpu', layersPerSecond: [1000, 1600], latencyMs: [1, 4], memoryGigabytes: 2 },
  { name: 'Workshop PC', kind: 'webgpu', layersPerSecond: [2600, 3800], latencyMs: [2, 4], memoryGigabytes: 4 },
];

const GIGABYTE = 1e9;

/** Devices one after the other, the same for the same seed: every type in turn, those of a type numbered. */
export function* deviceSequence(seed: number): Generator<Device, never> {
  const random = seededRandom(seed);
  const between = ([least, most]: readonly [number, number]) => least + (most - least) * random();
  for (let count = 0; ; count++) {
    const { name, kind, layersPerSecond, latencyMs, memoryGigabytes } = TYPES[count % TYPES.length]!;
    const round = Math.floor(count / TYPES.length);
    yield {
      name: round === 0 ? name : `${name} ${round + 1}`,
      kind,
      layersPerSecond: Math.round(between(layersPerSecond)),
      latencyMs: Math.round(between(latencyMs)),
      memoryBytes: memoryGigabytes * GIGABYTE,
    };
  }
}

/** Which shards the first devices serve. */
export interface Layout {
  /** How many shards the model has. */
  readonly shards: number;
  /** One shard a device. */
  readonly holdings: readonly number[];
  /** The place of the device that lies; undefined where all are honest. */
  readonly liar: number | undefined;
}

/** More stages are no more to see. */
const MAX_SHARDS = 4;
/** A lie is found by a second holder of the layers, and a third says which of the two it was. */
const HOLDERS_BESIDE_LIAR = 2;
/** Of the first stage the tokens are known and of the last one the candidates: one between them has rows on both sides. */
const LIED_SHARD = 1;

/** Spreads the model over the devices: with a liar, two others have what it has. */
export function layoutOf(devices: number, liars: number): Layout {
  if (liars === 0) {
    const shards = Math.min(devices, MAX_SHARDS);
    return { shards, holdings: Array.from({ length: devices }, (_, place) => place % shards), liar: undefined };
  }
  const shards = Math.min(devices - HOLDERS_BESIDE_LIAR, MAX_SHARDS);
  const holdings = Array.from({ length: devices }, (_, place) => {
    if (place < shards) return place;
    return place < shards + HOLDERS_BESIDE_LIAR ? LIED_SHARD : place % shards;
  });
  return { shards, holdings, liar: LIED_SHARD };
}
