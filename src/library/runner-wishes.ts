/** What runs layers in this tab. */
export interface RunnerWishes {
  /** `auto` takes a real GPU where there is one, and the processor otherwise. */
  readonly runner?: 'auto' | 'webgpu' | 'cpu';
  /**
   * Threads of the processor; as many as pay unless given. Browsers give more than one to pages only that are isolated
   * from other origins.
   */
  readonly threads?: number | 'auto';
}
