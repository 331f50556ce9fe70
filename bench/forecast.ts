// Forecast beside measurement, on the processor: node bench/forecast.ts FILE.gguf… (the default model unless given)
import { basename } from 'node:path';
import { ensureDefaultModel } from '../cli/model-source.ts';
import { forecast } from '../src/app/device/forecast.ts';
import { measureDevice } from '../src/app/device/measure-device.ts';
import { sizesOf } from '../src/app/device/model-sizes.ts';
import { nodeHost } from '../src/cpu/node-host.ts';
import { createCpuRunner } from '../src/engine/cpu/cpu-runner.ts';
import type { Hyperparameters } from '../src/model/hyperparameters.ts';
import { openFileSource, splitModel } from '../tests/support/shard-readers.ts';
import { openShoal } from './support/engines.ts';

const SHARDS = 4;
const DECODED = 24;
const PROMPT = 64;
/** "Honest": a forecast and what is measured differ by no more than this. */
const GOAL = 1.5;

const files = process.argv.length > 2 ? process.argv.slice(2) : [await ensureDefaultModel()];
let [cases, honest] = [0, 0];
for (const threads of [1, 2]) {
  const create = (hyperparameters: Hyperparameters) => createCpuRunner({ host: nodeHost, hyperparameters, threads });
  const speed = await measureDevice(create);
  const gbs = (speed.weightBytesPerSecond / 1e9).toFixed(1);
  console.log(
    `${threads} thread(s): ${gbs} GB/s, ${(speed.macsPerSecond / 1e9).toFixed(1)} GMAC/s, a task ${speed.taskMs.toFixed(2)} ms, a layer ${speed.layerMs.toFixed(3)} ms`,
  );
  for (const file of files) {
    const source = await openFileSource(file);
    const { hyperparameters, readers } = await splitModel(source, SHARDS);
    const shards = readers.map(({ shard }) => shard);
    await source.close();
    const sizes = sizesOf({ format: 'shoal-manifest-1', name: 'model', hyperparameters, pieceLength: 262_144, shards });
    const room = { memoryBytes: undefined, storageBytes: undefined, downloadBytesPerSecond: undefined };
    const told = forecast(sizes, speed, room, 1);
    const engine = await openShoal('engine', file, create);
    const ids = Array.from({ length: PROMPT }, (_, index) => 300 + index);
    await engine.prefill(ids);
    await engine.decode(4);
    const seconds = async (act: () => Promise<void>) => {
      const begin = performance.now();
      await act();
      return (performance.now() - begin) / 1000;
    };
    const prompt = PROMPT / (await seconds(() => engine.prefill(ids)));
    const answer = DECODED / (await seconds(() => engine.decode(DECODED)));
    await engine.close();
    const [low, high] = told.tokensPerSecond;
    for (const [what, foretold, measured] of [
      ['answer', Math.sqrt(low * high), answer],
      ['prompt', told.promptTokensPerSecond, prompt],
    ] as const) {
      const off = Math.max(foretold / measured, measured / foretold);
      cases++;
      if (off <= GOAL) honest++;
      console.log(
        `${basename(file)}, ${what}: foretold ${foretold.toFixed(1)}, measured ${measured.toFixed(1)} tokens/s: ${off.toFixed(2)} x${off > GOAL ? ' — off' : ''}`,
      );
    }
  }
}
console.log(`${honest} of ${cases} forecasts are within a factor of ${GOAL}.`);
