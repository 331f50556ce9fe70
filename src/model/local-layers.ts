import type { ArchitectureMetadata } from './architecture-metadata.ts';
import type { Hyperparameters } from './hyperparameters.ts';

const PATTERN = 'attention.sliding_window_pattern';

/** Which layers see only the last positions. @param defaults - what files may leave out */
export function readLocalLayers(
  metadata: ArchitectureMetadata,
  { contextLength, layerCount }: Pick<Hyperparameters, 'contextLength' | 'layerCount'>,
  defaults: { readonly window?: number; readonly period?: number },
): Pick<Hyperparameters, 'window' | 'localPeriod'> {
  const window = metadata.count('attention.sliding_window', defaults.window);
  return {
    window: Math.min(window, contextLength),
    localPeriod: readLocalPeriod(metadata, layerCount, defaults.period),
  };
}

/** As `Hyperparameters.localPeriod`: a number in the file, or whether each layer is local. */
export function readLocalPeriod(metadata: ArchitectureMetadata, layerCount: number, fallback?: number): number {
  const pattern = metadata.value(PATTERN);
  if (!Array.isArray(pattern)) return metadata.count(PATTERN, fallback);
  const locals = pattern.map(Boolean);
  const localPeriod = locals.indexOf(false) + 1 || locals.length + 1;
  for (let index = 0; index < layerCount; index++) {
    if (locals[index] !== isLocal({ localPeriod }, index))
      throw metadata.unsupported(`local layers as ${PATTERN} lists them`, 'every layer but the last of so many');
  }
  return localPeriod;
}

export function isLocal({ localPeriod = 1 }: Pick<Hyperparameters, 'localPeriod'>, index: number): boolean {
  return (index + 1) % localPeriod !== 0;
}

/** As of `Sight`. */
export function windowOf(model: Hyperparameters, index: number): number {
  return isLocal(model, index) ? (model.window ?? 0) : 0;
}
