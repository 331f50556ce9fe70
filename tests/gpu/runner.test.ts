import 'fake-indexeddb/auto';
import { describe, expect, it } from 'vitest';
import type { StageTask } from '../../src/engine/layer-runner.ts';
import { createWebGpuRunner } from '../../src/engine/webgpu/webgpu-runner.ts';
import { LAST, opener } from '../engine/fixture.ts';
import { testRunnerBatches } from '../engine/runner-batches.ts';
import { testRunnerCheckpoints } from '../engine/runner-checkpoints.ts';
import { testRunner } from '../engine/runner-contract.ts';
import { testRunnerErrors } from '../engine/runner-errors.ts';
import { testRunnerStates } from '../engine/runner-states.ts';
import { makeTinyModel } from '../fixtures/tiny-model.ts';
import { openTestGpu } from '../support/gpu.ts';
import { splitBytes } from '../support/shard-readers.ts';
import { openSharedGpu } from '../support/shared-gpu.ts';

const openRunner = opener(async (options) => createWebGpuRunner({ gpu: await openSharedGpu(), ...options }));
// The kernels of each type have tests of their own.
describe('does what every runner does', () => testRunner(openRunner, ['F32', 'Q4_1', 'Q8_0']));
describe('does it for several sessions at once', () => testRunnerBatches(openRunner));
describe('keeps states', () => testRunnerStates(openRunner));
testRunnerCheckpoints(async ({ hyperparameters, readers }) => {
  const runner = await createWebGpuRunner({ gpu: await openSharedGpu(), hyperparameters });
  for (const reader of readers) await runner.loadShard(reader);
  return runner;
});
describe('refuses what every runner refuses', () => testRunnerErrors(openRunner));

const LAYERS = { start: 0, end: 4 };
const model = await splitBytes(makeTinyModel({ type: 'Q8_0' }), 2);
const GOOD: StageTask = {
  session: 's',
  layers: LAYERS,
  position: 0,
  input: { dtype: 'u32', ids: Uint32Array.of(1) },
  candidates: LAST,
};

it('tells of a lost device and fails calls with gpu-lost', async () => {
  const gpu = await openTestGpu();
  let device: GPUDevice | undefined;
  const spied = {
    requestAdapter: async (options?: GPURequestAdapterOptions) => {
      const adapter = (await gpu.requestAdapter(options))!;
      const request = adapter.requestDevice.bind(adapter);
      adapter.requestDevice = async (descriptor) => {
        device = await request(descriptor);
        return device;
      };
      return adapter;
    },
  } as GPU;
  const lost = await createWebGpuRunner({ gpu: spied, hyperparameters: model.hyperparameters });
  for (const reader of model.readers) await lost.loadShard(reader);
  await lost.openSession({ session: 's', layers: LAYERS, maxTokens: 8 });
  device!.destroy();
  await expect(lost.execute(GOOD)).rejects.toMatchObject({ code: 'gpu-lost' });
  expect(typeof (await lost.lost)).toBe('string');
  await expect(lost.loadShard(model.readers[0]!)).rejects.toMatchObject({ code: 'gpu-lost' });
  await lost.close();
});

it('refuses head sizes that the kernels cannot do, and browsers without an adapter', async () => {
  const hyperparameters = { ...model.hyperparameters, headSize: 18 };
  const gpu = await openTestGpu();
  await expect(createWebGpuRunner({ gpu, hyperparameters })).rejects.toMatchObject({
    code: 'unsupported-architecture',
  });
  const none = { requestAdapter: async () => null } as unknown as GPU;
  const created = createWebGpuRunner({ gpu: none, hyperparameters: model.hyperparameters });
  await expect(created).rejects.toMatchObject({ code: 'no-webgpu' });
});
