import type { RunnableType } from '../gguf/tensor-types.ts';

/** How the kernels hold a tensor type. */
interface Format {
  /** Its number in assembly/formats.ts, which describes the layouts. */
  readonly id: number;
  /** Whether its quants are multiplied as integers, where activations are rounded. */
  readonly quantized: boolean;
}

export const FORMATS: Readonly<Record<RunnableType, Format>> = {
  F32: { id: 0, quantized: false },
  F16: { id: 1, quantized: false },
  Q4_0: { id: 2, quantized: true },
  Q4_1: { id: 3, quantized: true },
  Q8_0: { id: 4, quantized: true },
};

/** A weight matrix in memory, `[rows, columns]`. */
export interface CpuMatrix {
  readonly type: RunnableType;
  readonly address: number;
  readonly rows: number;
  readonly columns: number;
}
