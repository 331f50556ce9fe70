import type { LayerRunner } from '../../engine/layer-runner.ts';
import type { Hyperparameters } from '../../model/hyperparameters.ts';
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
}

/** A sample of the server's copy: so many bytes, for no longer than this. */
const SAMPLE_BYTES = 4 << 20;
const SAMPLE_MS = 1500;
/** Less says nothing of the speed. */
const LEAST_SAMPLE_BYTES = 64 << 10;

/** Measures this device, its room and its network. @throws ShoalError as `measureDevice` */
export async function preflight(parts: PreflightParts): Promise<Preflight> {
  const { createRunner, iceServers, memoryBytes, freeStorageBytes, sampleUrl } = parts;
  const [reach, storageBytes] = await Promise.all([networkReach(iceServers), freeStorageBytes()]);
  // One after the other: a download would take from what the device shows.
  const downloadBytesPerSecond = sampleUrl && (await downloadSpeed(sampleUrl));
  const speed = await measureDevice(createRunner);
  const room = {
    memoryBytes: Math.min(memoryBytes ?? Number.POSITIVE_INFINITY, speed.info.maxWeightBytes),
    storageBytes: Number.isFinite(storageBytes) ? storageBytes : undefined,
    downloadBytesPerSecond,
  };
  return { speed, room, reach };
}

/** Bytes a second; undefined where the server gives nothing. */
async function downloadSpeed(url: URL): Promise<number | undefined> {
  try {
    const signal = AbortSignal.timeout(SAMPLE_MS);
    const begin = performance.now();
    const response = await fetch(url, { headers: { range: `bytes=0-${SAMPLE_BYTES - 1}` }, cache: 'no-store', signal });
    if (!response.ok || !response.body) return undefined;
    const reader = response.body.getReader();
    let [bytes, seconds] = [0, 0];
    for (;;) {
      const part = await reader.read().catch(() => undefined);
      if (!part || part.done) break;
      bytes += part.value.length;
      seconds = (performance.now() - begin) / 1000;
    }
    return bytes >= LEAST_SAMPLE_BYTES ? bytes / seconds : undefined;
  } catch {
    return undefined;
  }
}
