import { expect, it } from 'vitest';
import { measureDevice } from '../../../../src/app/device/measure-device.ts';
import { nodeHost } from '../../../../src/cpu/node-host.ts';
import { createCpuRunner } from '../../../../src/engine/cpu/cpu-runner.ts';
import type { LayerRunner } from '../../../../src/engine/layer-runner.ts';
import type { Hyperparameters } from '../../../../src/model/hyperparameters.ts';

const create = (hyperparameters: Hyperparameters) => createCpuRunner({ host: nodeHost, hyperparameters, threads: 1 });

it('finds a device that computes right, and what it takes', async () => {
  const speed = await measureDevice(create);
  expect(speed.correct).toBe(true);
  expect(speed.deviation).toBeLessThan(1e-3);
  expect(speed.weightBytesPerSecond).toBeGreaterThan(1e7);
  expect(speed.macsPerSecond).toBeGreaterThan(1e7);
  expect(speed.taskMs).toBeGreaterThanOrEqual(0);
  expect(speed.layerMs).toBeGreaterThanOrEqual(0);
});

it('finds a device that computes wrong', async () => {
  const lying = async (model: Hyperparameters): Promise<LayerRunner> => {
    const runner = await create(model);
    const { execute } = runner;
    runner.execute = async (task) => {
      const output = await execute.call(runner, task);
      // One number in a row has the wrong sign.
      const at = output.hidden!.length - model.width + 3;
      output.hidden![at] = -output.hidden![at]!;
      return output;
    };
    return runner;
  };
  expect((await measureDevice(lying)).correct).toBe(false);
});

it('knows what a float32 runner makes of the layers', async () => {
  const exact = (hyperparameters: Hyperparameters) =>
    createCpuRunner({ host: nodeHost, hyperparameters, precision: 'exact', threads: 1 });
  expect((await measureDevice(exact)).deviation).toBeLessThan(1e-5);
});

it('ends when it is cancelled', async () => {
  await expect(measureDevice(create, AbortSignal.abort(new Error('enough')))).rejects.toThrow('enough');
});
