import type { ArchitectureMetadata } from './architecture-metadata.ts';
import type { Hyperparameters } from './hyperparameters.ts';

/** Source: llama.cpp's default. */
const DEFAULT_ROPE_BASE = 10_000;
/** Source: the YaRN paper, as llama.cpp has it. */
const [DEFAULT_BETA_FAST, DEFAULT_BETA_SLOW] = [32, 1];

/** The key below `<architecture>.` under which shards carry the factors of rotated pairs. */
export const ROPE_FACTORS_KEY = 'rope.factors';

type RopeParameters = Pick<
  Hyperparameters,
  'ropeBase' | 'ropeDimensions' | 'ropeScale' | 'ropeMagnitude' | 'ropeFactors' | 'yarn'
>;

/** How a file's positions turn into rotations. @param trained - positions the model was trained for */
export function readRope(metadata: ArchitectureMetadata, headSize: number, trained: number): RopeParameters {
  const ropeDimensions = metadata.count('rope.dimension_count', headSize);
  if (ropeDimensions > headSize || ropeDimensions % 2 !== 0)
    throw metadata.bad(`${ropeDimensions} rotated dimensions do not fit a head of ${headSize}`);
  const ropeFactors = metadata.positives(ROPE_FACTORS_KEY);
  if (ropeFactors && ropeFactors.length !== ropeDimensions / 2)
    throw metadata.bad(`${ropeFactors.length} rope factors for ${ropeDimensions} rotated dimensions`);
  return {
    ropeBase: metadata.positive('rope.freq_base', DEFAULT_ROPE_BASE),
    ropeDimensions,
    ...readScaling(metadata, trained),
    ...(ropeFactors ? { ropeFactors: [...ropeFactors] } : {}),
  };
}

function readScaling(
  metadata: ArchitectureMetadata,
  trained: number,
): Pick<RopeParameters, 'ropeScale' | 'ropeMagnitude' | 'yarn'> {
  const type = metadata.value('rope.scaling.type') ?? 'linear';
  const magnitude = metadata.maybePositive('rope.scaling.attn_factor') ?? 1;
  switch (type) {
    case 'none':
      return { ropeScale: 1, ...magnitudeOf(magnitude) };
    case 'linear':
      return { ropeScale: scaleOf(metadata), ...magnitudeOf(magnitude) };
    case 'longrope':
      // Its factors do the scaling.
      return { ropeScale: 1, ...magnitudeOf(magnitude) };
    case 'yarn': {
      const ropeScale = scaleOf(metadata);
      const yarn = {
        originalLength: metadata.count('rope.scaling.original_context_length', trained),
        betaFast: metadata.positive('rope.scaling.yarn_beta_fast', DEFAULT_BETA_FAST),
        betaSlow: metadata.positive('rope.scaling.yarn_beta_slow', DEFAULT_BETA_SLOW),
      };
      return { ropeScale, yarn, ...magnitudeOf(magnitude * yarnMagnitude(metadata, ropeScale)) };
    }
    default:
      throw metadata.unsupported(`rope scaling "${type}"`, 'none, linear, yarn, longrope');
  }
}

/** @see llama.cpp: `rope.scale_linear` is the older name of `rope.scaling.factor`. */
function scaleOf(metadata: ArchitectureMetadata): number {
  return metadata.maybePositive('rope.scaling.factor') ?? metadata.maybePositive('rope.scale_linear') ?? 1;
}

/** Stretched positions blur attention; longer queries and keys sharpen it again. @see YaRN, section 3.4 */
function yarnMagnitude(metadata: ArchitectureMetadata, scale: number): number {
  const sharpness = (factor: number) => (scale <= 1 ? 1 : 1 + 0.1 * factor * Math.log(scale));
  const factor = metadata.maybePositive('rope.scaling.yarn_log_multiplier');
  return factor === undefined ? sharpness(1) : sharpness(1) / sharpness(factor);
}

function magnitudeOf(ropeMagnitude: number): Pick<RopeParameters, 'ropeMagnitude'> {
  return ropeMagnitude === 1 ? {} : { ropeMagnitude };
}
