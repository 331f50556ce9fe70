/** How positions turn into rotations; the letters of `Hyperparameters`. */
export interface RopeShape {
  readonly ropeBase: number;
  readonly ropeScale: number;
  readonly ropeDimensions: number;
  readonly headSize: number;
}

/**
 * Cosine and sine of each pair of dimensions at `count` positions from `position`, `[count, D/2, 2]`. Dimensions beyond
 * `ropeDimensions` get the identity. In double precision: a shader's sine is only good near 0.
 */
export function ropeAngles(shape: RopeShape, position: number, count: number): Float32Array<ArrayBuffer> {
  const { ropeBase, ropeScale, ropeDimensions, headSize } = shape;
  const out = new Float32Array(count * headSize);
  const frequencies = Float64Array.from({ length: headSize / 2 }, (_, pair) =>
    2 * pair < ropeDimensions ? ropeBase ** ((-2 * pair) / ropeDimensions) / ropeScale : 0,
  );
  for (let token = 0; token < count; token++) {
    for (const [pair, frequency] of frequencies.entries()) {
      const angle = (position + token) * frequency;
      out[token * headSize + 2 * pair] = Math.cos(angle);
      out[token * headSize + 2 * pair + 1] = Math.sin(angle);
    }
  }
  return out;
}
