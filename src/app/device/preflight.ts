import type { LayerRunner } from '../../engine/layer-runner.ts';
import type { Hyperparameters } from '../../model/hyperparameters.ts';
import { downloadSpeed } from './download-speed.ts';
import type { DeviceRoom } from './forecast.ts';
import { type DeviceSpeed, measureDevice } from './measure-device.ts';
import { type NetworkReach, networkReach } from './network-reach.ts';

/** What this device can do for a model, as measured. */
export interface Preflight {
  readonly speed: DeviceSpeed;
  readonly room: DeviceRoom;
  readonly reach: NetworkReach;
}

export interface PreflightParts {
  readonly createRunner: (model: Hyperparameters) => Promise<LayerRunner>;
  readonly iceServers: readonly RTCIceServer[];
  /** Weights that may be held; undefined where the browser does not tell. */
  readonly memoryBytes: number | undefined;
  readonly freeStorageBytes: () => Promise<number>;
  /** A file of the server's to time, if it has one. */
  readonly sampleUrl: URL | undefined;
  /** Hashes and stores bytes as those of shards, and says how many ms that took. */
  readonly storeSample: (bytes: Uint8Array) => Promise<number>;
}

/** Measures this device, its room and its network. @throws ShoalError as `measureDevice` */
export async function preflight(parts: PreflightParts): Promise<Preflight> {
  const { createRunner, iceServers, memoryBytes, freeStorageBytes, sampleUrl, storeSample } = parts;
  const [reach, storageBytes] = await Promise.all([networkReach(iceServers), freeStorageBytes()]);
  // One after the other: a download would take from what the device shows.
  const downloadBytesPerSecond = sampleUrl && (await downloadSpeed(sampleUrl, storeSample));
  const speed = await measureDevice(createRunner);
  const room = {
    memoryBytes: Math.min(memoryBytes ?? Number.POSITIVE_INFINITY, speed.info.maxWeightBytes),
    storageBytes: Number.isFinite(storageBytes) ? storageBytes : undefined,
    downloadBytesPerSecond,
  };
  return { speed, room, reach };
}
