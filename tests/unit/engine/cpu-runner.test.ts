import { describe, expect, it } from 'vitest';
import { nodeHost } from '../../../src/cpu/node-host.ts';
import { createCpuRunner } from '../../../src/engine/cpu/cpu-runner.ts';
import { TENSOR_TYPE_NAMES } from '../../../src/gguf/tensor-types.ts';
import { LAST, opener, TestRoute } from '../../engine/fixture.ts';
import { testRunnerBatches } from '../../engine/runner-batches.ts';
import { testRunner } from '../../engine/runner-contract.ts';
import { testRunnerErrors } from '../../engine/runner-errors.ts';
import { testRunnerStates } from '../../engine/runner-states.ts';
import { makeTinyModel } from '../../fixtures/tiny-model.ts';
import { splitBytes } from '../../support/shard-readers.ts';

const openRunner = opener((options) => createCpuRunner({ host: nodeHost, ...options }));
const openExact = opener((options) => createCpuRunner({ host: nodeHost, precision: 'exact', ...options }));
const openThreads = opener((options) => createCpuRunner({ host: nodeHost, threads: 3, ...options }));

describe('does what every runner does', () => testRunner(openRunner, TENSOR_TYPE_NAMES));
describe('does so in floats', () => testRunner(openExact, TENSOR_TYPE_NAMES));
describe('does so on three threads', () => testRunner(openThreads, ['Q4_1', 'Q6_K']));
describe('does it for several sessions at once', () => testRunnerBatches(openRunner));
describe('does so in floats', () => testRunnerBatches(openExact));
describe('does so on three threads', () => testRunnerBatches(openThreads));
describe('keeps states', () => testRunnerStates(openRunner));
describe('keeps states on three threads', () => testRunnerStates(openThreads));
describe('refuses what every runner refuses', () => testRunnerErrors(openRunner));

it('gives the same bits on one thread, on three, and where they take turns', async () => {
  const model = await splitBytes(makeTinyModel({ type: 'Q4_1', layerCount: 6 }), 2);
  const ids = Array.from({ length: 70 }, (_, index) => (index * 31) % 250);
  const request = { ...LAST, count: 20 };
  const [one, three] = [await openRunner(model), await openThreads(model)];
  const expected = await (await TestRoute.open([one], [0, 6])).feedAll(ids, request);
  expect(await (await TestRoute.open([three], [0, 6])).feedAll(ids, request)).toEqual(expected);
  expect(await (await TestRoute.open([one, three], [0, 2, 6], 'b')).feedAll(ids, request)).toEqual(expected);
  for (const runner of [one, three]) await runner.close();
});

it('stays near the exact result with rounded activations', async () => {
  const model = await splitBytes(makeTinyModel({ type: 'Q4_0' }), 1);
  const [rounded, exact] = [await openRunner(model), await openExact(model)];
  const wantedIds = Uint32Array.from({ length: 250 }, (_, id) => id);
  const ask = async (runner: typeof exact) =>
    (await (await TestRoute.open([runner], [0, 4])).feed([5, 99, 7, 3, 8], { ...LAST, wantedIds }))[0]!.wantedLogits;
  const [logits, expected] = [await ask(rounded), await ask(exact)];
  const difference = Math.max(...logits.map((logit, id) => Math.abs(logit - expected[id]!)));
  expect(difference).toBeGreaterThan(0);
  // Logits of about 4; a rounded activation is off by up to 1/65,534 of its block's greatest.
  expect(difference).toBeLessThan(1e-3);
  for (const runner of [rounded, exact]) await runner.close();
});

it('refuses head sizes that the kernels cannot do, and calls after it was closed', async () => {
  const model = await splitBytes(makeTinyModel(), 1);
  const hyperparameters = { ...model.hyperparameters, headSize: 18 };
  await expect(createCpuRunner({ host: nodeHost, hyperparameters })).rejects.toMatchObject({
    code: 'unsupported-architecture',
  });
  const runner = await openRunner(model);
  await runner.close();
  await expect(runner.closeSession('s')).rejects.toMatchObject({ code: 'gpu-lost' });
});
