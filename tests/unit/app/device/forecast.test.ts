import { describe, expect, it } from 'vitest';
import { fewestDevices, forecast, forecastJoining } from '../../../../src/app/device/forecast.ts';
import type { DeviceSpeed } from '../../../../src/app/device/measure-device.ts';
import { type ModelSizes, sizesOf } from '../../../../src/app/device/model-sizes.ts';
import { bytesSource } from '../../../../src/gguf/gguf-file.ts';
import { encodeEntry } from '../../../../src/gguf/write.ts';
import { publishModel } from '../../../../src/store/publish/publish.ts';
import { makeTinyModel, type TinyModelOptions } from '../../../fixtures/tiny-model.ts';

const SPEED: DeviceSpeed = {
  info: { kind: 'cpu', adapter: '', software: false, maxBufferBytes: 1, maxWeightBytes: 1, maxTaskTokens: 64 },
  ...{ deviation: 0, correct: true, taskMs: 1, layerMs: 0.5, weightBytesPerSecond: 10e9, macsPerSecond: 20e9 },
};
const ROOM = { memoryBytes: 1000, storageBytes: undefined, downloadBytesPerSecond: 100 };
const SIZES: ModelSizes = { layerCount: 20, shardBytes: [600, 400, 400, 900], readBytes: 50e6, promptMacs: 1e8 };

describe('a forecast', () => {
  it('adds tasks, layers and weights, and the way between devices', () => {
    // 1 + 20 · 0.5 + 5 ms
    const [low, high] = forecast(SIZES, SPEED, ROOM, 1).tokensPerSecond;
    expect(Math.sqrt(low * high)).toBeCloseTo(1000 / 16, 6);
    // 2 · 1 + 10 + 5, and two hops of 5 ms
    const two = forecast(SIZES, SPEED, ROOM, 2).tokensPerSecond;
    expect(Math.sqrt(two[0] * two[1])).toBeCloseTo(1000 / 27, 6);
    expect(forecast(SIZES, SPEED, ROOM, 1).promptTokensPerSecond).toBeCloseTo(200, 6);
  });

  it('deals neighbouring shards out as evenly as can be, and says what is short', () => {
    expect([1, 2, 3, 4].map((devices) => forecast(SIZES, SPEED, ROOM, devices).deviceBytes)).toEqual([
      2300, 1300, 900, 900,
    ]);
    expect(forecast(SIZES, SPEED, ROOM, 2)).toMatchObject({ shortBytes: 300, downloadSeconds: 13 });
    expect(forecast(SIZES, SPEED, ROOM, 3).shortBytes).toBe(0);
  });

  it('is made for those that are here and two more, as far as there are parts for them', () => {
    const joining = (others: number) => forecastJoining(SIZES, SPEED, ROOM, others);
    expect(joining(0)).toMatchObject({
      now: { devices: 1, shortBytes: 1300 },
      later: { devices: 3 },
      fewestDevices: 3,
    });
    expect(joining(1)).toMatchObject({ now: { devices: 2 }, later: { devices: 4, deviceBytes: 900 } });
    expect(joining(3).now.devices).toBe(4);
    expect(joining(3).later).toBeUndefined();
    expect(joining(9).now.devices).toBe(4);
  });

  it('names the fewest devices that hold it', () => {
    expect(fewestDevices(SIZES, ROOM)).toBe(3);
    expect(fewestDevices(SIZES, { ...ROOM, storageBytes: 899 })).toBeUndefined();
    expect(fewestDevices(SIZES, { ...ROOM, memoryBytes: undefined })).toBe(1);
  });
});

describe('what a token reads', () => {
  const sizes = async (options: TinyModelOptions, shardCount: number) => {
    const { manifest } = await publishModel(bytesSource(makeTinyModel(options)), { fileName: 'tiny.gguf', shardCount });
    return { manifest, sizes: sizesOf(manifest) };
  };

  it.each([1, 2, 4])('is every layer and the output matrix, not the embedding, also of %i shards', async (shards) => {
    const options = { type: 'F16', layerCount: 4, width: 64, vocabularySize: 2000 } as const;
    const found = await sizes(options, shards);
    const { width: C, feedForwardWidth: F, vocabularySize: V } = found.manifest.hyperparameters;
    // Queries and outputs C·C, keys and values C·C/2, three of the feed-forward.
    const layer = 3 * C * C + 3 * C * F;
    expect(found.sizes.promptMacs / 4).toBeGreaterThanOrEqual(layer);
    expect(found.sizes.promptMacs / 4).toBeLessThan(layer * 1.02);
    // Norms are twice as wide.
    expect(found.sizes.readBytes / (2 * (4 * layer + V * C))).toBeCloseTo(1, 1);
  });

  it('is of experts only what is chosen', async () => {
    const options = { type: 'F16', layerCount: 4, width: 64, feedForwardWidth: 64 } as const;
    const dense = await sizes(options, 4);
    const experts = { count: 8, used: 2, width: 64 };
    const metadata = Object.fromEntries(
      ['expert_count', 'expert_used_count'].map((key, index) => [
        key,
        encodeEntry(`llama.${key}`, 'u32', index === 0 ? experts.count : experts.used),
      ]),
    );
    const mixed = await sizes({ ...options, experts, metadata }, 4);
    const forward = 4 * 3 * 64 * 64;
    expect(mixed.sizes.promptMacs - dense.sizes.promptMacs).toBeGreaterThanOrEqual(forward);
    // The router's matrix is all that is more than two experts in place of one.
    expect(mixed.sizes.promptMacs - dense.sizes.promptMacs).toBeLessThan(forward + 4 * 8 * 64 * 1.1);
    expect(mixed.sizes.readBytes).toBeLessThan(dense.sizes.readBytes * 2);
  });
});
