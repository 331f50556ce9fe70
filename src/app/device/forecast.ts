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
  const room1 = Math.min(room.memoryBytes ?? Number.POSITIVE_INFINITY, room.storageBytes ?? Number.POSITIVE_INFINITY);
  const hopMs = devices > 1 ? hopCostMs(ROOM_ROUND_TRIP_MS) : 0;
  const computeMs =
    devices * speed.taskMs + sizes.layerCount * speed.layerMs + (1000 * sizes.readBytes) / speed.weightBytesPerSecond;
  const perSecond = 1000 / (computeMs + devices * hopMs);
  return {
    devices,
    deviceBytes,
    shortBytes: Math.max(0, deviceBytes - room1),
    tokensPerSecond: [perSecond / MARGIN, perSecond * MARGIN],
    promptTokensPerSecond: speed.macsPerSecond / sizes.promptMacs,
    downloadSeconds: room.downloadBytesPerSecond === undefined ? undefined : deviceBytes / room.downloadBytesPerSecond,
  };
}

/** The fewest devices like this one that hold the model between them; undefined where one shard is too much. */
export function fewestDevices(sizes: ModelSizes, room: DeviceRoom): number | undefined {
  const limit = Math.min(room.memoryBytes ?? Number.POSITIVE_INFINITY, room.storageBytes ?? Number.POSITIVE_INFINITY);
  for (let devices = 1; devices <= sizes.shardBytes.length; devices++)
    if (largestPart(sizes.shardBytes, devices) <= limit) return devices;
  return undefined;
}

/** Bytes of the largest part when neighbouring shards are dealt out to so many devices as evenly as can be. */
function largestPart(shardBytes: readonly number[], devices: number): number {
  const partsOf = (limit: number) => {
    let [parts, sum] = [1, 0];
    for (const bytes of shardBytes) {
      if (sum + bytes > limit) {
        parts++;
        sum = 0;
      }
      sum += bytes;
    }
    return parts;
  };
  const sums = shardBytes.flatMap((_, start) => {
    let sum = 0;
    return shardBytes.slice(start).map((bytes) => (sum += bytes));
  });
  const largest = Math.max(...shardBytes);
  const fitting = sums.filter((sum) => sum >= largest && partsOf(sum) <= devices);
  return Math.min(...fitting);
}
