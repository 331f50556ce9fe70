import type { Hyperparameters } from './hyperparameters.ts';

/** How positions turn into angles, one for each pair of a head's dimensions. */
export interface Rotation {
  readonly base: number;
  /** Positions are divided by this. */
  readonly scale: number;
  /** Rotated dimensions of a head; 0 for none. */
  readonly dimensions: number;
  /** What rotated dimensions are multiplied with. */
  readonly magnitude: number;
  /** What each pair's angle is divided by, `[dimensions / 2]`; undefined for 1. */
  readonly factors: readonly number[] | undefined;
  readonly yarn: Hyperparameters['yarn'];
}

/** The rotation of most layers of most models. */
export function mainRotation(model: Hyperparameters): Rotation {
  return {
    base: model.ropeBase,
    scale: model.ropeScale,
    dimensions: model.ropeDimensions,
    magnitude: model.ropeMagnitude ?? 1,
    factors: model.ropeFactors,
    yarn: model.yarn,
  };
}

/** For layers that know no positions. */
export const NO_ROTATION: Rotation = {
  ...{ base: 1, scale: 1, dimensions: 0, magnitude: 1 },
  ...{ factors: undefined, yarn: undefined },
};

/**
 * A position's angle for each rotated pair is the position times this: `base^(-2i/R)`, divided by the pair's factor and,
 * but for what YaRN leaves as it was, by the scale.
 * @see "YaRN: Efficient Context Window Extension of Large Language Models", section 3.2
 */
export function pairFrequencies({ base, scale, dimensions, factors, yarn }: Rotation): Float64Array {
  const kept = yarn ? keptShares(base, dimensions, yarn) : undefined;
  return Float64Array.from({ length: dimensions / 2 }, (_, pair) => {
    const whole = base ** ((-2 * pair) / dimensions) / (factors?.[pair] ?? 1);
    const share = kept?.[pair] ?? 0;
    return (whole / scale) * (1 - share) + whole * share;
  });
}

/** How far YaRN leaves each pair's frequency as it was: 1 for those that turn often within the original length. */
function keptShares(
  base: number,
  dimensions: number,
  { originalLength, betaFast, betaSlow }: NonNullable<Rotation['yarn']>,
): Float64Array {
  /** The pair that turns so often over the original length. */
  const pairOf = (turns: number) =>
    (dimensions * Math.log(originalLength / (turns * 2 * Math.PI))) / (2 * Math.log(base));
  const low = Math.max(0, Math.floor(pairOf(betaFast)));
  const high = Math.min(dimensions - 1, Math.ceil(pairOf(betaSlow)));
  return Float64Array.from({ length: dimensions / 2 }, (_, pair) => {
    const along = (pair - low) / Math.max(0.001, high - low);
    return 1 - Math.min(1, Math.max(0, along));
  });
}
