import type { TensorTypeName } from '../gguf/tensor-types.ts';

/** How the kernels hold a tensor type. */
interface Format {
  /** Its number in assembly/formats.ts, which describes the layouts. */
  readonly id: number;
  /** Whether its quants are multiplied as integers, where activations are rounded. */
  readonly quantized: boolean;
}

/** Exhaustive: a type that is missing here does not compile. */
export const FORMATS: Readonly<Record<TensorTypeName, Format>> = {
  F32: { id: 0, quantized: false },
  F16: { id: 1, quantized: false },
  Q4_0: { id: 2, quantized: true },
  Q4_1: { id: 3, quantized: true },
  Q8_0: { id: 4, quantized: true },
  BF16: { id: 5, quantized: false },
  Q5_0: { id: 6, quantized: true },
  Q5_1: { id: 7, quantized: true },
  Q2_K: { id: 8, quantized: false },
  Q3_K: { id: 9, quantized: false },
  Q4_K: { id: 10, quantized: true },
  Q5_K: { id: 11, quantized: true },
  Q6_K: { id: 12, quantized: true },
  IQ4_NL: { id: 13, quantized: false },
  IQ4_XS: { id: 14, quantized: false },
  MXFP4: { id: 15, quantized: false },
};

/** A weight matrix in memory, `[rows, columns]`. */
export interface CpuMatrix {
  readonly type: TensorTypeName;
  readonly address: number;
  readonly rows: number;
  readonly columns: number;
}
