import type { ArchitectureMetadata } from './architecture-metadata.ts';
import type { Hyperparameters } from './hyperparameters.ts';

/** Which layers see only the last positions. @param defaults - what files may leave out */
export function readLocalLayers(
  metadata: ArchitectureMetadata,
  { contextLength }: Hyperparameters,
  defaults: { readonly window?: number; readonly period: number },
): Pick<Hyperparameters, 'window' | 'localPeriod'> {
  const window = metadata.count('attention.sliding_window', defaults.window);
  return {
    window: Math.min(window, contextLength),
    localPeriod: metadata.count('attention.sliding_window_pattern', defaults.period),
  };
}

export function isLocal({ localPeriod = 1 }: Hyperparameters, index: number): boolean {
  return (index + 1) % localPeriod !== 0;
}

/** As of `Sight`. */
export function windowOf(model: Hyperparameters, index: number): number {
  return isLocal(model, index) ? (model.window ?? 0) : 0;
}
