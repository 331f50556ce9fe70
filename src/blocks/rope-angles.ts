import { pairFrequencies, type Rotation } from '../model/rotation.ts';

/** Cosines and sines of a model's rotations at any position. */
export class RopeAngles {
  readonly #headSize: number;
  readonly #rotations: readonly { readonly frequencies: Float64Array; readonly magnitude: number }[];

  /** @param headSize - D of the widest head: a head that is narrower reads the first of its rotation's pairs */
  constructor(headSize: number, rotations: readonly Rotation[]) {
    this.#headSize = headSize;
    this.#rotations = rotations.map((rotation) => ({
      frequencies: pairFrequencies(rotation),
      magnitude: rotation.magnitude,
    }));
  }

  /** Floats of a position. */
  get stride(): number {
    return this.#rotations.length * this.#headSize;
  }

  /**
   * Cosine and sine of each pair of dimensions at `count` positions from `position`, `[count, rotations, D/2, 2]`, times
   * the rotation's magnitude. Dimensions that do not rotate get the identity. In double precision: a shader's sine is
   * only good near 0.
   */
  at(position: number, count: number): Float32Array<ArrayBuffer> {
    const out = new Float32Array(count * this.stride);
    let at = 0;
    for (let token = 0; token < count; token++) {
      for (const { frequencies, magnitude } of this.#rotations) {
        for (let pair = 0; pair < this.#headSize / 2; pair++) {
          const frequency = frequencies[pair];
          const angle = (position + token) * (frequency ?? 0);
          const length = frequency === undefined ? 1 : magnitude;
          out[at++] = length * Math.cos(angle);
          out[at++] = length * Math.sin(angle);
        }
      }
    }
    return out;
  }
}
