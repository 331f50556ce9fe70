// Every kernel at the default model's shapes: node tests/support/with-browser-env.ts node bench/kernels.ts [NAME]
import './support/raw-imports.ts';

const { benchKernels } = await import('./support/kernel-bench.ts');
const { RUNS = '5' } = process.env;

console.log('kernel                    shape                      µs     ±      GB/s   GFLOP/s');
const { adapter } = await benchKernels(Number(RUNS), process.argv[2] ?? '', ({ name, shape, bytes, macs, timing }) => {
  const us = (ms: number) => (ms * 1000).toFixed(0).padStart(6);
  const rate = (count: number) => (count / timing.median / 1e6).toFixed(2).padStart(9);
  console.log(
    `${name.padEnd(25)} ${shape.padEnd(22)} ${us(timing.median)} ${us(timing.spread)} ${rate(bytes)} ${rate(2 * macs)}`,
  );
});
console.log(`on ${adapter}`);
