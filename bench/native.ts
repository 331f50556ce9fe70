import type { Bench } from './parts.ts';
import { preformatted, type Row, type Section } from './report.ts';
import { type CpuEngine, openLlamaCpp, openShoal } from './support/cpu-engines.ts';
import { benchCpuKernels, type CpuKernelResult } from './support/cpu-kernels.ts';
import { type Distribution, ratio, summarize } from './support/measure.ts';
import type { Plan } from './support/plan.ts';
import { announceStep } from './support/progress.ts';

const THREADS = [1, 2];
/** Each prompt takes an engine seconds. */
const MAX_REPEATS = 3;
/** Ids that every vocabulary has; what they mean makes no difference to the time. */
const IDS = 256;
/** What a decode begins from. */
const CONTEXT_TOKENS = 16;
const SMOKE_WEIGHT_BYTES = 1024 * 1024;

interface Work {
  readonly what: string;
  readonly tokens: number;
  readonly decodes: boolean;
}

/** The processor's engine in this process, without a browser, beside llama.cpp on the same file; then its kernels. */
export async function benchNative({ modelFile, plan }: Bench): Promise<Section[]> {
  const works: Work[] = [
    { what: `Decode, ${plan.decodeTokens} tokens`, tokens: plan.decodeTokens, decodes: true },
    ...plan.promptTokens.map((tokens) => ({ what: `Prefill, ${tokens} tokens`, tokens, decodes: false })),
  ];
  const columns: string[] = [];
  const rows = works.map(({ what }): Row & { cells: (Distribution | number)[] } => ({
    what,
    unit: 'tokens/s',
    cells: [],
  }));
  for (const threads of THREADS) {
    announceStep(`Native llama.cpp and the engine, ${threads} thread(s)`);
    const engines = [await openShoal(modelFile, threads, 'i16'), await openShoal(modelFile, threads, 'exact')];
    engines.push(await openLlamaCpp(modelFile, threads));
    columns.push(...engines.map(({ name }) => name), 'ratio');
    for (const [index, work] of works.entries()) {
      const speeds = await compare(engines, work, plan);
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

/** Tokens a second of each engine; they take turns. */
async function compare(engines: readonly CpuEngine[], { tokens, decodes }: Work, plan: Plan): Promise<Distribution[]> {
  const samples = engines.map((): number[] => []);
  for (let run = 0; run <= Math.min(plan.repeats, MAX_REPEATS); run++) {
    for (const [index, engine] of engines.entries()) {
      const ids = Array.from({ length: decodes ? CONTEXT_TOKENS : tokens }, (_, at) => (run + 7 * at) % IDS);
      if (decodes) await engine.prefill(ids);
      const startedAtMs = performance.now();
      await (decodes ? engine.decode(tokens) : engine.prefill(ids));
      // The first round warms up.
      if (run > 0) samples[index]!.push((1000 * tokens) / (performance.now() - startedAtMs));
    }
  }
  return samples.map(summarize);
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
