// The engine on the processor, in this process: node bench/cpu.ts [--smoke]
// Beside native llama.cpp on the same file and number of threads, one run after the other in turn.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CpuEngine, openLlamaCpp, openShoal } from './support/cpu-engines.ts';
import { benchCpuKernels } from './support/cpu-kernels.ts';
import { summarize } from './support/measure.ts';
import { FULL, smokePlan } from './support/plan.ts';

const MODEL = 'models_cache/SmolLM2-135M-Instruct.Q4_1.gguf';
/** Ids that every vocabulary has; what they mean makes no difference to the time. */
const IDS = 256;
const SMOKE_WEIGHT_BYTES = 1024 * 1024;

const smoke = process.argv.includes('--smoke');
const plan = smoke ? smokePlan() : FULL;
const folder = await mkdtemp(join(tmpdir(), 'shoal-bench-'));
const file = plan.model ? join(folder, 'bench.gguf') : MODEL;
if (plan.model) await writeFile(file, plan.model);

console.log(`${cpus()[0]?.model.trim()}, ${cpus().length} processors; load average ${loadavg()[0]!.toFixed(1)}`);
for (const threads of [1, 2]) {
  const engines = [await openShoal(file, threads, 'i16'), await openShoal(file, threads, 'exact')];
  engines.push(await openLlamaCpp(file, threads));
  await compare(engines);
  for (const engine of engines) await engine.close();
}
const kernels = await benchCpuKernels(plan.kernelRepeats, smoke ? SMOKE_WEIGHT_BYTES : undefined);
const copyRate = rate(kernels[0]!.bytes, kernels[0]!.timing.median);
for (const { name, bytes, macs, timing } of kernels) {
  const share = `${((100 * rate(bytes, timing.median)) / copyRate).toFixed(0)} % of a copy`;
  const speed = `${rate(bytes, timing.median).toFixed(2)} GB/s, ${rate(macs, timing.median).toFixed(2)} GMAC/s`;
  console.log(`${name.padEnd(26)} ${speed}, ${share}`);
}
await rm(folder, { recursive: true });

/** Billions a second. */
function rate(count: number, ms: number): number {
  return count / ms / 1e6;
}

async function compare(engines: readonly CpuEngine[]): Promise<void> {
  const works = [
    ...plan.promptTokens.map((tokens) => ({ name: `prefill ${tokens}`, tokens, decode: false })),
    { name: `decode ${plan.decodeTokens}`, tokens: plan.decodeTokens, decode: true },
  ];
  for (const { name, tokens, decode } of works) {
    const samples = engines.map((): number[] => []);
    for (let run = 0; run <= plan.repeats; run++) {
      for (const [index, engine] of engines.entries()) {
        const ids = Array.from({ length: decode ? 16 : tokens }, (_, at) => (run + 7 * at) % IDS);
        if (decode) await engine.prefill(ids);
        const startedAtMs = performance.now();
        await (decode ? engine.decode(tokens) : engine.prefill(ids));
        // The first round warms up.
        if (run > 0) samples[index]!.push((1000 * tokens) / (performance.now() - startedAtMs));
      }
    }
    for (const [index, engine] of engines.entries()) {
      const { median, spread } = summarize(samples[index]!);
      console.log(`${engine.name.padEnd(26)} ${name.padEnd(12)} ${median.toFixed(1)} tokens/s (${spread.toFixed(1)})`);
    }
  }
}
