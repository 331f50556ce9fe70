import type { CpuHost, WasmName } from './host.ts';

/** The kernels' two builds: `relaxed` multiplies with an instruction of relaxed SIMD. Their results are the same bits. */
export type KernelBuild = 'plain' | 'relaxed';

/** The kernels' module. @param shared - for a memory that threads share */
export function kernelsName(build: KernelBuild, shared: boolean): WasmName {
  if (build === 'relaxed') return shared ? 'kernels-shared-relaxed' : 'kernels-relaxed';
  return shared ? 'kernels-shared' : 'kernels';
}

/** What assembly/probe.ts exports: so many groups of four rows, multiplied by each build's product. */
type ProbeExports = Readonly<Record<KernelBuild, (groups: number) => void>>;

/** About a millisecond; clocks of pages that are not isolated from other origins have steps of 0.1 ms. */
const GROUPS = 450;
/** Engines compile anew what turns out to be used much: the first rounds are slow, and only the best counts. */
const ROUNDS = 10;
/** The relaxed build is taken if it is faster by more than the clock's noise. */
const MARGIN = 1.03;

const choices = new WeakMap<CpuHost, Promise<KernelBuild>>();

/** The build that is faster on this machine; timed once for each host, which takes some 20 ms. */
export function fasterBuild(host: CpuHost): Promise<KernelBuild> {
  let choice = choices.get(host);
  if (!choice) {
    choice = timeBuilds(host);
    choices.set(host, choice);
  }
  return choice;
}

async function timeBuilds(host: CpuHost): Promise<KernelBuild> {
  let probe: WebAssembly.Module;
  try {
    probe = await host.compile('probe');
  } catch (error) {
    // An engine without relaxed SIMD.
    if (error instanceof WebAssembly.CompileError) return 'plain';
    throw error;
  }
  const { exports } = await WebAssembly.instantiate(probe);
  const run = exports as ProbeExports;
  const bestMs = { plain: Number.POSITIVE_INFINITY, relaxed: Number.POSITIVE_INFINITY };
  for (let round = 0; round < ROUNDS; round++) {
    for (const build of ['plain', 'relaxed'] as const) {
      const start = performance.now();
      run[build](GROUPS);
      bestMs[build] = Math.min(bestMs[build], performance.now() - start);
    }
  }
  return bestMs.relaxed * MARGIN < bestMs.plain ? 'relaxed' : 'plain';
}
