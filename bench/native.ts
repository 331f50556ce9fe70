import { nodeHost } from '../src/cpu/node-host.ts';
import { createCpuRunner } from '../src/engine/cpu/cpu-runner.ts';
import type { CpuPrecision } from '../src/engine/cpu/workspace.ts';
import type { Bench } from './parts.ts';
import { preformatted, type Row, type Section } from './report.ts';
import { benchCpuKernels, type CpuKernelResult } from './support/cpu-kernels.ts';
import { compareEngines, engineWorks } from './support/engine-works.ts';
import { type Engine, openLlamaCpp, openShoal } from './support/engines.ts';
import { type Distribution, ratio } from './support/measure.ts';
import { announceStep } from './support/progress.ts';

const THREADS = [1, 2];
const SMOKE_WEIGHT_BYTES = 1024 * 1024;

/** The processor's engine in this process, without a browser, beside llama.cpp on the same file; then its kernels. */
export async function benchNative({ modelFile, plan }: Bench): Promise<Section[]> {
  const works = engineWorks(plan);
  const columns: string[] = [];
  const rows = works.map(({ what }): Row & { cells: (Distribution | number)[] } => ({
    what,
    unit: 'tokens/s',
    cells: [],
  }));
  for (const threads of THREADS) {
    announceStep(`Native llama.cpp and the engine, ${threads} thread(s)`);
    const engines = [await openCpu(modelFile, threads, 'i16'), await openCpu(modelFile, threads, 'exact')];
    engines.push(await openLlamaCpp(modelFile, threads));
    columns.push(...engines.map(({ name }) => name), 'ratio');
    for (const [index, work] of works.entries()) {
      const speeds = await compareEngines(engines, work, plan);
      rows[index]!.cells.push(...speeds, ratio(speeds[0]!, speeds[2]!));
    }
    for (const engine of engines) await engine.close();
  }
  announceStep("The processor's kernels");
  const kernels = await benchCpuKernels(plan.kernelRepeats, plan.model ? SMOKE_WEIGHT_BYTES : undefined);
  return [
    { title: 'Outside the browser, beside native llama.cpp', columns, rows },
    preformatted(
      "The processor's kernels, one thread, weights that no cache holds",
      kernels.map(kernelLine(kernels[0]!)).join('\n'),
    ),
  ];
}

function openCpu(file: string, threads: number, precision: CpuPrecision): Promise<Engine> {
  const name = `Shoal ${precision}, ${threads} ${threads === 1 ? 'thread' : 'threads'}`;
  return openShoal(name, file, (hyperparameters) =>
    createCpuRunner({ host: nodeHost, hyperparameters, threads, precision }),
  );
}

/** How much of what a plain copy of memory reaches. */
function kernelLine(copy: CpuKernelResult): (kernel: CpuKernelResult) => string {
  return ({ name, bytes, macs, timing }) => {
    const share = (100 * rate(bytes, timing.median)) / rate(copy.bytes, copy.timing.median);
    const speed = `${rate(bytes, timing.median).toFixed(2).padStart(6)} GB/s`;
    return `${name.padEnd(26)} ${speed} ${rate(macs, timing.median).toFixed(2).padStart(6)} GMAC/s ${share.toFixed(0).padStart(4)} % of a copy`;
  };
}

/** Billions a second. */
function rate(count: number, ms: number): number {
  return count / ms / 1e6;
}
