// Compiles the kernels in assembly/ to WebAssembly: node src/cpu/build.ts
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import asc from 'assemblyscript/asc';
import { TENSOR_TYPE_NAMES, TENSOR_TYPES } from '../gguf/tensor-types.ts';
import type { WasmName } from './host.ts';
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
  '--enable',
  'simd',
  '--enable',
  'threads',
  '--disableWarning',
  '201',
];
const IMPORTED = ['--importMemory'];
const SHARED = [...IMPORTED, '--sharedMemory', '--maximumMemory', String(MAX_PAGES)];
const RELAXED = ['--enable', 'relaxed-simd'];

interface Build {
  /** In assembly/. */
  readonly entry: string;
  readonly options: readonly string[];
}

/** A memory is shared or it is not, and a module says which; engines refuse a module with instructions they do not know. */
const BUILDS: Readonly<Record<WasmName, Build>> = {
  kernels: { entry: 'index.ts', options: IMPORTED },
  'kernels-shared': { entry: 'index.ts', options: SHARED },
  'kernels-relaxed': { entry: 'index.ts', options: [...IMPORTED, ...RELAXED] },
  'kernels-shared-relaxed': { entry: 'index.ts', options: [...SHARED, ...RELAXED] },
  probe: { entry: 'probe.ts', options: ['--initialMemory', '2', ...RELAXED] },
};

mkdirSync(TARGET, { recursive: true });
const assembly = join(import.meta.dirname, 'assembly');
writeFileSync(join(assembly, 'operations.ts'), operationRecords());
writeFileSync(join(assembly, 'types.ts'), typeNumbers());
for (const [name, { entry, options }] of Object.entries(BUILDS)) {
  const output = join(TARGET, `${name}.wasm`);
  const { error, stderr } = await asc.main([join(assembly, entry), '-o', output, ...COMMON, ...options]);
  if (error) throw new Error(`${name}.wasm could not be compiled:\n${stderr}`, { cause: error });
}

/** The tensor types' numbers in AssemblyScript, as the file format has them. */
function typeNumbers(): string {
  const lines = TENSOR_TYPE_NAMES.map((name) => `export const ${name}: u32 = ${TENSOR_TYPES[name].id};`);
  return `// Written by build.ts from src/gguf/tensor-types.ts.\n\n${lines.join('\n')}\n`;
}
