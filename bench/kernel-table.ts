import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { findBrowser } from '../cli/browser.ts';
import type { Plan } from './support/plan.ts';
import { announceStep } from './support/progress.ts';

/**
 * Runs `bench/kernels.ts` and returns what it prints. In a process of its own: the system's loader reads where
 * SwiftShader is only when a process starts.
 */
export async function runKernelBench({ kernelRepeats }: Plan): Promise<string> {
  announceStep("WebGPU's kernels");
  const { env } = await findBrowser();
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(import.meta.dirname, 'kernels.ts')], {
    encoding: 'utf8',
    env: { ...process.env, ...env, RUNS: String(kernelRepeats) },
  });
  if (status !== 0) throw new Error(`The kernels' benchmark ended with status ${status}:\n${stderr}`);
  return stdout;
}
