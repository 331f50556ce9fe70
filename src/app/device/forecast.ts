import { hopCostMs } from '../../swarm/route/route.ts';
import type { DeviceSpeed } from './measure-device.ts';
import type { ModelSizes } from './model-sizes.ts';

/** What a device can give a model. */
export interface DeviceRoom {
  /** For weights; undefined where the browser does not tell. */
  readonly memoryBytes: number | undefined;
  /** Free storage for shards; undefined where the browser does not tell. */
  readonly storageBytes: number | undefined;
  readonly downloadBytesPerSecond: number | undefined;
}

/** What a model would be like on so many devices like this one. */
export interface Forecast {
  readonly devices: number;
  /** Weights of the device that has most. */
  readonly deviceBytes: number;
  /** What that one lacks of memory or storage; 0 where it fits. */
  readonly shortBytes: number;
  /** Of an answer, from and to. */
  readonly tokensPerSecond: readonly [number, number];
  /** Of a prompt, on one device. */
  readonly promptTokensPerSecond: number;
  readonly downloadSeconds: number | undefined;
}

/** Devices of one room: a round trip between two of them. */
const ROOM_ROUND_TRIP_MS = 4;
/** How far a forecast is off at most, in eight of ten cases (`bench/forecast.ts`). */
const MARGIN = 1.4;

/** Foretells a model on `devices` devices like this one; at most as many as there are shards. */
export function forecast(sizes: ModelSizes, speed: DeviceSpeed, room: DeviceRoom, devices: number): Forecast {
  const deviceBytes = largestPart(sizes.shardBytes, devices);
  const hopMs = devices > 1 ? hopCostMs(ROOM_ROUND_TRIP_MS) : 0;
  const computeMs =
    devices * speed.taskMs + sizes.layerCount * speed.layerMs + (1000 * sizes.readBytes) / speed.weightBytesPerSecond;
  const perSecond = 1000 / (computeMs + devices * hopMs);
  return {
    devices,
    deviceBytes,
    shortBytes: Math.max(0, deviceBytes - roomBytes(room)),
    tokensPerSecond: [perSecond / MARGIN, perSecond * MARGIN],
    promptTokensPerSecond: speed.macsPerSecond / sizes.promptMacs,
    downloadSeconds: room.downloadBytesPerSecond === undefined ? undefined : deviceBytes / room.downloadBytesPerSecond,
  };
}

/** What joins a swarm besides, in the forecast of what would help. */
const MORE_DEVICES = 2;

/** Foretells a model for a device that joins `others`, and for two more such devices. */
export function forecastJoining(
  sizes: ModelSizes,
  speed: DeviceSpeed,
  room: DeviceRoom,
  others: number,
): {
  readonly now: Forecast;
  /** Undefined where the model has no part left for them. */
  readonly later: Forecast | undefined;
  readonly fewestDevices: number | undefined;
} {
  const parts = sizes.shardBytes.length;
  const devices = Math.min(1 + others, parts);
  const more = Math.min(1 + others + MORE_DEVICES, parts);
  return {
    now: forecast(sizes, speed, room, devices),
    later: more > devices ? forecast(sizes, speed, room, more) : undefined,
    fewestDevices: fewestDevices(sizes, room),
  };
}

/** The fewest devices like this one that hold the model between them; undefined where one shard is too much. */
export function fewestDevices({ shardBytes }: ModelSizes, room: DeviceRoom): number | undefined {
  const limit = roomBytes(room);
  return Math.max(...shardBytes) <= limit ? partCount(shardBytes, limit) : undefined;
}

/** What memory and storage both have room for. */
function roomBytes({ memoryBytes, storageBytes }: DeviceRoom): number {
  return Math.min(memoryBytes ?? Number.POSITIVE_INFINITY, storageBytes ?? Number.POSITIVE_INFINITY);
}

/** Bytes of the largest part when neighbouring shards are dealt out to so many devices as evenly as can be. */
function largestPart(shardBytes: readonly number[], devices: number): number {
  let least = Math.max(...shardBytes);
  let enough = shardBytes.reduce((sum, bytes) => sum + bytes, 0);
  while (least < enough) {
    const middle = Math.floor((least + enough) / 2);
    if (partCount(shardBytes, middle) <= devices) enough = middle;
    else least = middle + 1;
  }
  return enough;
}

/** The fewest parts of neighbouring shards of at most so many bytes, each shard being within them. */
function partCount(shardBytes: readonly number[], limit: number): number {
  let [parts, sum] = [1, 0];
  for (const bytes of shardBytes) {
    if (sum + bytes > limit) {
      parts++;
      sum = 0;
    }
    sum += bytes;
  }
  return parts;
}
