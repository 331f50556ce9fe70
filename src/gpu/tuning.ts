import type { GpuDevice } from './device.ts';

/** Shapes of the kernels' work that suit an adapter. */
export interface Tuning {
  /** Rows by the serial kernel, which has whole rows a thread and needs subgroups. */
  readonly serialRows: boolean;
  /** Threads that share a matrix row. */
  readonly rowThreads: number;
  /** Groups of four rows a thread computes at once. */
  readonly rowGroups: number;
  /** Tokens that share a decoded weight. */
  readonly rowTokens: number;
  /** Tiles of a row that a thread loads at once. */
  readonly rowTiles: number;
  /** Threads of a matrix-vector workgroup. */
  readonly rowWorkgroup: number;
  /** Tokens from which on matrices are multiplied in tiles. */
  readonly tiledTokens: number;
  /** Attention as few long threads instead of many short ones. */
  readonly serialAttention: boolean;
  /** Tokens that share a loaded key or value in serial attention. */
  readonly attentionTokens: number;
  /** Threads of a workgroup of parallel attention at least. */
  readonly attentionWorkgroup: number;
  /** Layers that are encoded before the device is given them, so that it works while the next are encoded. */
  readonly submitLayers: number;
  /** Candidates that one workgroup sorts at most, at least twice `MAX_CANDIDATES`. */
  readonly selectChunk: number;
  /** Threads of a workgroup that sorts candidates. */
  readonly selectWorkgroup: number;
  /** Threads of a workgroup that adds up a row. */
  readonly reduceWorkgroup: number;
}

/**
 * Lanes of a CPU: neighbours share no memory traffic, so a thread takes whole rows, and many of them, because loads cost
 * more than arithmetic. Small workgroups, so that 576 rows still occupy two cores; one of four threads is one vector
 * register, and its barriers are free. Little workgroup memory: SwiftShader clears it word by word, in unrolled code that
 * takes long to compile and to run; so no tiles.
 */
const SOFTWARE: Tuning = {
  serialRows: true,
  rowThreads: 1,
  rowGroups: 4,
  // Eight are hardly faster, and take twice as long to compile.
  rowTokens: 4,
  rowTiles: 1,
  rowWorkgroup: 4,
  tiledTokens: Number.POSITIVE_INFINITY,
  serialAttention: true,
  attentionTokens: 2,
  attentionWorkgroup: 64,
  // The device is the very processor that encodes.
  submitLayers: Number.POSITIVE_INFINITY,
  selectChunk: 256,
  selectWorkgroup: 4,
  reduceWorkgroup: 4,
};

/** Half a subgroup to a whole one shares a row, so that its loads are one memory transaction and small matrices fill the GPU. */
const HARDWARE: Tuning = {
  serialRows: false,
  rowThreads: 32,
  rowGroups: 1,
  rowTokens: 8,
  rowTiles: 2,
  rowWorkgroup: 64,
  tiledTokens: 16,
  serialAttention: false,
  attentionTokens: 1,
  attentionWorkgroup: 256,
  submitLayers: 4,
  selectChunk: 1024,
  selectWorkgroup: 256,
  reduceWorkgroup: 64,
};

export function tuningFor({ software, subgroups }: Pick<GpuDevice, 'software' | 'subgroups'>): Tuning {
  return software ? { ...SOFTWARE, serialRows: subgroups } : HARDWARE;
}
