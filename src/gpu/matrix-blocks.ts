import type { RunnableType } from '../gguf/tensor-types.ts';
import f16 from './kernels/blocks/f16.wgsl?raw';
import f32 from './kernels/blocks/f32.wgsl?raw';
import matrix from './kernels/blocks/matrix.wgsl?raw';
import q4 from './kernels/blocks/q4.wgsl?raw';
import q4_0 from './kernels/blocks/q4_0.wgsl?raw';
import q4_1 from './kernels/blocks/q4_1.wgsl?raw';
import q8_0 from './kernels/blocks/q8_0.wgsl?raw';

const blocks: Readonly<Record<RunnableType, readonly string[]>> = {
  F32: [matrix, f32],
  F16: [matrix, f16],
  Q4_0: [matrix, q4, q4_0],
  Q4_1: [matrix, q4, q4_1],
  Q8_0: [matrix, q8_0],
};

/** Shader parts that read a weight matrix of `type`: binding 1, `load_tile`, `load_scale`. */
export function matrixBlocks(type: RunnableType): readonly string[] {
  return blocks[type];
}
