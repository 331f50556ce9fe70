import { tokensInBytes } from './matmul-i8';
import { manyTokens } from './matmul-i16';
import { BLOCK_BYTES, SCALE_BYTES } from './quantize';
import { TOKEN_SCRATCH } from './sums';
import { Q4_0 } from './types';

// The products of matmul-i16.ts and of matmul-i8.ts, to be timed: both of the same zeros, which a cache holds. A module of
// its own, with its own memory. @see ../kernel-build.ts

const BLOCKS: u32 = 16;
const TOKENS: u32 = 32;
const SUMS: usize = 65536;
const SCALES: usize = SUMS + TOKENS * TOKEN_SCRATCH;
const QUANTS: usize = SCALES + TOKENS * BLOCKS * SCALE_BYTES;
const WEIGHTS: usize = QUANTS + TOKENS * BLOCKS * BLOCK_BYTES;

function groupPlain(): void {
  manyTokens(Q4_0, WEIGHTS, BLOCKS, TOKENS, QUANTS, SCALES, SUMS);
}

function groupRelaxed(): void {
  tokensInBytes(Q4_0, WEIGHTS, BLOCKS, TOKENS, QUANTS, SCALES, SUMS);
}

export function plain(groups: u32): void {
  for (let group: u32 = 0; group < groups; group++) groupPlain();
}

export function relaxed(groups: u32): void {
  for (let group: u32 = 0; group < groups; group++) groupRelaxed();
}
