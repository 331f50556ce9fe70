import { ShoalError } from '../core/errors.ts';
import { formatLayers, type LayerRange } from '../core/ranges.ts';
import type { StageOutput } from './layer-runner.ts';

/** Whether none is infinite or no number. Times zero those are no numbers, and so is every sum with one. */
export function allFinite(values: Float32Array): boolean {
  let sum = 0;
  for (let index = 0; index < values.length; index++) sum += values[index]! * 0;
  return sum === 0;
}

/** The error of layers whose output is of no use; undefined when it is sound. */
export function unsoundOutput({ hidden, rows }: StageOutput, layers: LayerRange): ShoalError | undefined {
  if (hidden ? allFinite(hidden) : (rows ?? []).every(({ logSumExp }) => Number.isFinite(logSumExp))) return undefined;
  return new ShoalError(
    'not-finite',
    `Layers ${formatLayers(layers)} gave values that are no finite numbers: the model's weights or this device are at fault. Check the swarm.`,
  );
}
