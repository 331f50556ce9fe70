// Compiles the kernels in assembly/ to WebAssembly: node src/cpu/build.ts
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import asc from 'assemblyscript/asc';
import { TENSOR_TYPE_NAMES, TENSOR_TYPES } from '../gguf/tensor-types.ts';
import { operationRecords } from './operations.ts';

/** Where the kernels are put; not in git. */
const TARGET = join(import.meta.dirname, 'wasm');
/** 64 KiB each: all that 32-bit addresses reach. */
const MAX_PAGES = 65_536;

const COMMON = [
  '-O3',
  '--noAssert',
  '--runtime',
  'stub',
  '--importMemory',
  '--enable',
  'simd',
  '--enable',
  'threads',
  '--disableWarning',
  '201',
];
/** A memory is shared or it is not, and a module says which. */
const VARIANTS: Readonly<Record<string, readonly string[]>> = {
  'kernels.wasm': [],
  'kernels-shared.wasm': ['--sharedMemory', '--maximumMemory', String(MAX_PAGES)],
};

mkdirSync(TARGET, { recursive: true });
const assembly = join(import.meta.dirname, 'assembly');
writeFileSync(join(assembly, 'operations.ts'), operationRecords());
writeFileSync(join(assembly, 'types.ts'), typeNumbers());
for (const [file, options] of Object.entries(VARIANTS)) {
  const entry = join(import.meta.dirname, 'assembly/index.ts');
  const { error, stderr } = await asc.main([entry, '-o', join(TARGET, file), ...COMMON, ...options]);
  if (error) throw new Error(`${file} could not be compiled:\n${stderr}`, { cause: error });
}

/** The tensor types' numbers in AssemblyScript, as the file format has them. */
function typeNumbers(): string {
  const lines = TENSOR_TYPE_NAMES.map((name) => `export const ${name}: u32 = ${TENSOR_TYPES[name].id};`);
  return `// Written by build.ts from src/gguf/tensor-types.ts.\n\n${lines.join('\n')}\n`;
}
