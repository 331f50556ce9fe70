import type { RunnerChoice } from '../../workers/runner-client.ts';
import type { Environment, Settings } from './app-model.ts';

/** A real GPU wins; a software adapter is slower than the processor by itself. A setting overrules both. */
export function chooseRunner(
  settings: Pick<Settings, 'runner' | 'threads'>,
  webgpu: Environment['webgpu'],
): RunnerChoice {
  const { runner } = settings;
  const threads = settings.threads === 'auto' ? undefined : settings.threads;
  if (runner !== 'auto') return { kind: runner, reason: 'as set in the settings', threads };
  if (webgpu === 'available') {
    const otherwise = { kind: 'cpu', reason: 'the GPU of this browser could not be opened', threads } as const;
    return { kind: 'webgpu', reason: 'this browser has a GPU', otherwise };
  }
  const lacks = webgpu === 'software' ? 'its WebGPU is software, which is slower' : 'it has no WebGPU';
  return { kind: 'cpu', reason: `this browser gives no GPU: ${lacks}`, threads };
}
