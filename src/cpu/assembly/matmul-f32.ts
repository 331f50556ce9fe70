import { put, sumLanesF32 } from './lanes';
import { unpackGroup } from './unpack';

// y[t, r] = Σ_c w[r, c] · x[t, c], weights and activations as floats: exact up to f32 rounding, for every format. Four
// rows are unpacked into scratch memory, which stays in the nearest cache, and multiplied with every token.

/** A group of four rows for all tokens. Strides in bytes; `scratch` holds four rows of whole blocks of 32. */
export function groupF32(
  format: u32,
  group: usize,
  columns: u32,
  tokens: u32,
  x: usize,
  xStride: usize,
  y: usize,
  yStride: usize,
  add: u32,
  scratch: usize,
): void {
  const rowBytes = <usize>((columns + 31) >> 5) * 128;
  unpackGroup(format, group, columns, scratch, rowBytes);
  const end = <usize>((columns + 3) >> 2) * 16;
  for (let token: u32 = 0; token < tokens; token++) {
    let a = f32x4.splat(0);
    let b = f32x4.splat(0);
    let c = f32x4.splat(0);
    let d = f32x4.splat(0);
    const from = x + token * xStride;
    for (let at: usize = 0; at < end; at += 16) {
      const value = v128.load(from + at);
      let w = scratch + at;
      a = f32x4.add(a, f32x4.mul(v128.load(w), value));
      w += rowBytes;
      b = f32x4.add(b, f32x4.mul(v128.load(w), value));
      w += rowBytes;
      c = f32x4.add(c, f32x4.mul(v128.load(w), value));
      w += rowBytes;
      d = f32x4.add(d, f32x4.mul(v128.load(w), value));
    }
    put(y + token * yStride, sumLanesF32(a, b, c, d), add);
  }
}
