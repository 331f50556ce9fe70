/** Shapes of the kernels' work that suit an adapter. */
export interface Tuning {
  /** Threads that share a matrix row. */
  readonly rowThreads: number;
  /** Groups of four rows a thread computes at once. */
  readonly rowGroups: number;
  /** Threads of a matrix-vector workgroup. */
  readonly rowWorkgroup: number;
}

/**
 * Lanes of a CPU: neighbours share no memory traffic, so a thread takes whole rows, and many of them, because loads cost
 * more than arithmetic. Small workgroups, so that 576 rows still occupy two cores.
 */
const SOFTWARE: Tuning = { rowThreads: 1, rowGroups: 4, rowWorkgroup: 4 };

/** Half a subgroup to a whole one shares a row, so that its loads are one memory transaction and small matrices fill the GPU. */
const HARDWARE: Tuning = { rowThreads: 32, rowGroups: 1, rowWorkgroup: 64 };

export function tuningFor(software: boolean): Tuning {
  return software ? SOFTWARE : HARDWARE;
}
