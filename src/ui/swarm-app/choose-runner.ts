import type { RunnerChoice } from '../../../workers/runner-client.ts';
import type { Environment, RunnerSetting } from '../app-model.ts';

/** A real GPU wins; a software adapter is slower than the processor by itself. A setting overrules both. */
export function chooseRunner(setting: RunnerSetting, webgpu: Environment['webgpu']): RunnerChoice {
  if (setting !== 'auto') return { kind: setting, reason: 'as set in the settings' };
  if (webgpu === 'available') {
    const otherwise = { kind: 'cpu', reason: 'the GPU of this browser could not be opened' } as const;
    return { kind: 'webgpu', reason: 'this browser has a GPU', otherwise };
  }
  const lacks = webgpu === 'software' ? 'its WebGPU is software, which is slower' : 'it has no WebGPU';
  return { kind: 'cpu', reason: `this browser gives no GPU: ${lacks}` };
}
