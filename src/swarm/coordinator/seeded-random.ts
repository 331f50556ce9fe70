/** 2^32 divided by the golden ratio: steps by it visit every 32-bit number, far from each other. */
const GOLDEN_STEP = 0x9e3779b9;

/**
 * Numbers in [0, 1), the same for the same seed on every machine. SplitMix32: enough for drawing tokens, no secrecy.
 * @param seed - any integer; undefined draws one
 * @see https://github.com/bryc/code/blob/master/jshash/PRNGs.md
 */
export function seededRandom(seed: number | undefined): () => number {
  let state = seed === undefined ? crypto.getRandomValues(new Uint32Array(1))[0]! : fold(seed);
  return () => {
    state = (state + GOLDEN_STEP) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}

/** The low 32 bits and what is above them, so that seeds beyond 32 bits differ too. */
function fold(seed: number): number {
  return ((seed | 0) + Math.imul(Math.floor(seed / 2 ** 32), 0x85ebca6b)) | 0;
}
