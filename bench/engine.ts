// Decode and prefill of the whole model on Dawn's first adapter, without a browser or a swarm:
// node bench/engine.ts [MODEL.gguf]; with SwiftShader: node tests/support/with-browser-env.ts node bench/engine.ts
import './support/raw-imports.ts';
import { create, globals } from 'webgpu';
import { compareEngines, engineWorks } from './support/engine-works.ts';
import { openShoal } from './support/engines.ts';
import { FULL } from './support/plan.ts';

const { createWebGpuRunner } = await import('../src/engine/webgpu/webgpu-runner.ts');

const [file = 'models_cache/SmolLM2-135M-Instruct.Q4_1.gguf'] = process.argv.slice(2);
Object.assign(globalThis, globals);
// Dawn does not outlive it.
const gpu = create([]);
let adapter = '';
const engine = await openShoal('WebGPU', file, async (hyperparameters) => {
  const runner = await createWebGpuRunner({ gpu, hyperparameters });
  ({ adapter } = runner.info);
  return runner;
});
for (const work of engineWorks(FULL)) {
  const [speed] = await compareEngines([engine], work, FULL);
  const { median, spread } = speed!;
  console.log(`${work.what.padEnd(22)} ${median.toFixed(1).padStart(8)} (${spread.toFixed(1)}) tokens/s`);
}
await engine.close();
console.log(`on ${adapter}`);
