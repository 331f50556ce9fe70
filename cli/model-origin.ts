import type { ModelSpec } from './catalogue.ts';
import type { Progress } from './progress.ts';

export interface FetchOptions {
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

/** A place that model files come from. */
export interface ModelOrigin {
  /** For messages. */
  readonly label: string;
  /**
   * Puts the model's bytes at `path`, going on from what an interrupted call left there.
   * @throws Error whose message says in a few words why it did not work
   */
  fetch(model: ModelSpec, path: string, options: FetchOptions): Promise<void>;
}
