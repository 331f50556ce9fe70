import { rowBlocks } from '../blocks/row-groups.ts';
import type { TensorTypeName } from '../gguf/tensor-types.ts';
import {
  type ArrangeRow,
  arrangeIQ4XS,
  arrangeQ2K,
  arrangeQ3K,
  arrangeQ4K,
  arrangeQ5K,
  arrangeQ6K,
  copyRow,
  type RowPlanes,
  separateBlocks,
  separateFiveBits,
} from './arrange.ts';
import bf16 from './kernels/blocks/bf16.wgsl?raw';
import f16 from './kernels/blocks/f16.wgsl?raw';
import f32 from './kernels/blocks/f32.wgsl?raw';
import iq4Nl from './kernels/blocks/iq4_nl.wgsl?raw';
import iq4Xs from './kernels/blocks/iq4_xs.wgsl?raw';
import iq4Steps from './kernels/blocks/iq4-steps.wgsl?raw';
import kHalves from './kernels/blocks/k-halves.wgsl?raw';
import kScale from './kernels/blocks/k-scale.wgsl?raw';
import matrix from './kernels/blocks/matrix.wgsl?raw';
import mxfp4 from './kernels/blocks/mxfp4.wgsl?raw';
import pairs from './kernels/blocks/pairs.wgsl?raw';
import q2K from './kernels/blocks/q2_k.wgsl?raw';
import q3K from './kernels/blocks/q3_k.wgsl?raw';
import q4 from './kernels/blocks/q4.wgsl?raw';
import q4_0 from './kernels/blocks/q4_0.wgsl?raw';
import q4_1 from './kernels/blocks/q4_1.wgsl?raw';
import q5 from './kernels/blocks/q5.wgsl?raw';
import q5_0 from './kernels/blocks/q5_0.wgsl?raw';
import q6K from './kernels/blocks/q6_k.wgsl?raw';
import q8_0 from './kernels/blocks/q8_0.wgsl?raw';
import splitScale from './kernels/blocks/split-scale.wgsl?raw';
import table4 from './kernels/blocks/table4.wgsl?raw';
import wholeScale from './kernels/blocks/whole-scale.wgsl?raw';

/** How the device holds a tensor type. */
export interface GpuFormat extends RowPlanes {
  readonly arrange: ArrangeRow;
  /** What reads it: `load_words`, `near_0` … `far_3`, `load_scale`. */
  readonly shader: readonly string[];
}

const whole = [matrix, wholeScale];
const split = [matrix, splitScale];

function blocks(planes: RowPlanes, shader: readonly string[]): GpuFormat {
  return { ...planes, arrange: separateBlocks(planes), shader: [...whole, ...shader] };
}

/** Exhaustive: a type that is missing here does not compile. */
export const GPU_FORMATS: Readonly<Record<TensorTypeName, GpuFormat>> = {
  F32: { scaleBytes: 0, quantBytes: 128, arrange: copyRow, shader: [...whole, f32] },
  F16: { scaleBytes: 0, quantBytes: 64, arrange: copyRow, shader: [...whole, pairs, f16] },
  BF16: { scaleBytes: 0, quantBytes: 64, arrange: copyRow, shader: [...whole, pairs, bf16] },
  Q4_0: blocks({ scaleBytes: 2, quantBytes: 16 }, [q4, q4_0]),
  Q4_1: blocks({ scaleBytes: 4, quantBytes: 16 }, [q4, q4_1]),
  Q5_0: { scaleBytes: 2, quantBytes: 20, arrange: separateFiveBits(2), shader: [...whole, q5, q5_0] },
  Q5_1: { scaleBytes: 4, quantBytes: 20, arrange: separateFiveBits(4), shader: [...whole, q5, q4_1] },
  Q8_0: blocks({ scaleBytes: 2, quantBytes: 32 }, [q8_0]),
  Q2_K: { scaleBytes: 2.5, quantBytes: 8, arrange: arrangeQ2K, shader: [...split, q2K] },
  Q3_K: { scaleBytes: 2.25, quantBytes: 12, arrange: arrangeQ3K, shader: [...split, q3K, kHalves] },
  Q4_K: { scaleBytes: 2.5, quantBytes: 16, arrange: arrangeQ4K, shader: [...whole, q4, kScale] },
  Q5_K: { scaleBytes: 2.5, quantBytes: 20, arrange: arrangeQ5K, shader: [...whole, q5, kScale] },
  Q6_K: { scaleBytes: 2.25, quantBytes: 24, arrange: arrangeQ6K, shader: [...split, q6K, kHalves] },
  IQ4_NL: blocks({ scaleBytes: 2, quantBytes: 16 }, [iq4Steps, table4, iq4Nl]),
  IQ4_XS: { scaleBytes: 1.25, quantBytes: 16, arrange: arrangeIQ4XS, shader: [...whole, iq4Steps, table4, iq4Xs] },
  MXFP4: blocks({ scaleBytes: 1, quantBytes: 16 }, [mxfp4, table4]),
};

/** Bytes of one row's scales. */
export function scalePlaneBytes(type: TensorTypeName, columns: number): number {
  return Math.ceil((rowBlocks(columns) * GPU_FORMATS[type].scaleBytes) / 4) * 4;
}

/** Bytes of one row. */
export function rowPlaneBytes(type: TensorTypeName, columns: number): number {
  return scalePlaneBytes(type, columns) + rowBlocks(columns) * GPU_FORMATS[type].quantBytes;
}
