import type { TensorTypeName } from '../gguf/tensor-types.ts';

/**
 * Whether a type's quants are multiplied as integers, where activations are rounded. Exhaustive: a type that is missing here
 * does not compile. The kernels know types by the file format's numbers; assembly/formats.ts describes the layouts.
 */
export const MULTIPLIED_AS_INTEGERS: Readonly<Record<TensorTypeName, boolean>> = {
  F32: false,
  F16: false,
  Q4_0: true,
  Q4_1: true,
  Q8_0: true,
  BF16: false,
  Q5_0: true,
  Q5_1: true,
  Q2_K: false,
  Q3_K: false,
  Q4_K: true,
  Q5_K: true,
  Q6_K: true,
  IQ4_NL: false,
  IQ4_XS: false,
  MXFP4: false,
};

/** A weight matrix in memory, `[rows, columns]`. */
export interface CpuMatrix {
  readonly type: TensorTypeName;
  readonly address: number;
  readonly rows: number;
  readonly columns: number;
  readonly bytes: number;
}
