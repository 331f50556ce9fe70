import { exp1, exp4, log1, total } from './lanes';
import { rmsNormRow } from './rows';

// Layers with a state: a convolution over the last positions, and the gated delta rule. What a position leaves behind is
// written beside what it found, so that a session can go back. @see Operation `recall` in src/model/graph.ts

/** `x / (1 + exp(-x))` */
// @ts-ignore: decorator
@inline
function silu(x: v128): v128 {
  return f32x4.div(x, f32x4.add(f32x4.splat(1), exp4(f32x4.neg(x))));
}

/**
 * Four neighbouring elements of rows at `x`, each over its last four positions, in place.
 * @param taps - `[4, 4]`, an element's taps one behind the other
 * @param from - the three rows before, of `width` floats; 0 for none
 * @param to - where the last three rows go
 */
export function convolveFour(x: usize, stride: usize, tokens: u32, taps: usize, from: usize, to: usize, width: u32): void {
  const bytes = <usize>width * 4;
  const a = v128.load(taps);
  const b = v128.load(taps, 16);
  const c = v128.load(taps, 32);
  const d = v128.load(taps, 48);
  const ab = v128.shuffle<i32>(a, b, 0, 4, 1, 5);
  const cd = v128.shuffle<i32>(c, d, 0, 4, 1, 5);
  const abEnd = v128.shuffle<i32>(a, b, 2, 6, 3, 7);
  const cdEnd = v128.shuffle<i32>(c, d, 2, 6, 3, 7);
  const tap0 = v128.shuffle<i64>(ab, cd, 0, 2);
  const tap1 = v128.shuffle<i64>(ab, cd, 1, 3);
  const tap2 = v128.shuffle<i64>(abEnd, cdEnd, 0, 2);
  const tap3 = v128.shuffle<i64>(abEnd, cdEnd, 1, 3);
  const none = f32x4.splat(0);
  let x0 = from ? v128.load(from) : none;
  let x1 = from ? v128.load(from + bytes) : none;
  let x2 = from ? v128.load(from + 2 * bytes) : none;
  for (let token: u32 = 0; token < tokens; token++) {
    const x3 = v128.load(x);
    const before = f32x4.add(f32x4.mul(tap0, x0), f32x4.mul(tap1, x1));
    v128.store(x, silu(f32x4.add(before, f32x4.add(f32x4.mul(tap2, x2), f32x4.mul(tap3, x3)))));
    x0 = x1;
    x1 = x2;
    x2 = x3;
    x += stride;
  }
  v128.store(to, x0);
  v128.store(to + bytes, x1);
  v128.store(to + 2 * bytes, x2);
}

/** What a vector is divided by to have length 1, as a factor. */
// @ts-ignore: decorator
@inline
function unitOf(x: usize, bytes: usize, epsilon: f32): f32 {
  let squares = f32x4.splat(0);
  for (let at: usize = 0; at < bytes; at += 16) squares = f32x4.add(squares, f32x4.mul(v128.load(x + at), v128.load(x + at)));
  return 1 / max(sqrt<f32>(total(squares)), epsilon);
}

/** `exp(a · softplus(x))` */
// @ts-ignore: decorator
@inline
function fadeOf(x: f32, a: f32): f32 {
  return exp1(a * (x > 20 ? x : log1(1 + exp1(x))));
}

/**
 * One value head at one position: `size` floats of query, key and value; the state is `[size, size]`, a row for each
 * element of the key.
 * @param from - the state before; 0 for an empty one
 * @param to - the state after; may be the same
 */
export function recallHead(
  query: usize,
  key: usize,
  value: usize,
  beta: f32,
  alpha: f32,
  a: f32,
  size: u32,
  epsilon: f32,
  from: usize,
  to: usize,
  y: usize,
): void {
  const bytes = <usize>size * 4;
  const keyUnit = unitOf(key, bytes, epsilon);
  const queryUnit = f32x4.splat(unitOf(query, bytes, epsilon) / sqrt<f32>(<f32>size));
  const fade = f32x4.splat(fadeOf(alpha, a));
  const learn = f32x4.splat(keyUnit / (1 + exp1(-beta)));
  const recalled = f32x4.mul(fade, f32x4.splat(keyUnit));
  for (let at: usize = 0; at < bytes; at += 64) {
    let r0 = f32x4.splat(0);
    let r1 = r0;
    let r2 = r0;
    let r3 = r0;
    if (from) {
      let state = from + at;
      for (let i: usize = 0; i < bytes; i += 4) {
        const k = v128.load_splat<f32>(key + i);
        r0 = f32x4.add(r0, f32x4.mul(k, v128.load(state)));
        r1 = f32x4.add(r1, f32x4.mul(k, v128.load(state, 16)));
        r2 = f32x4.add(r2, f32x4.mul(k, v128.load(state, 32)));
        r3 = f32x4.add(r3, f32x4.mul(k, v128.load(state, 48)));
        state += bytes;
      }
    }
    const learnt0 = f32x4.mul(learn, f32x4.sub(v128.load(value + at), f32x4.mul(recalled, r0)));
    const learnt1 = f32x4.mul(learn, f32x4.sub(v128.load(value + at, 16), f32x4.mul(recalled, r1)));
    const learnt2 = f32x4.mul(learn, f32x4.sub(v128.load(value + at, 32), f32x4.mul(recalled, r2)));
    const learnt3 = f32x4.mul(learn, f32x4.sub(v128.load(value + at, 48), f32x4.mul(recalled, r3)));
    let y0 = f32x4.splat(0);
    let y1 = y0;
    let y2 = y0;
    let y3 = y0;
    let before = from + at;
    let after = to + at;
    for (let i: usize = 0; i < bytes; i += 4) {
      const k = v128.load_splat<f32>(key + i);
      const q = v128.load_splat<f32>(query + i);
      const s0 = f32x4.add(faded(from, before, fade), f32x4.mul(k, learnt0));
      const s1 = f32x4.add(faded(from, before + 16, fade), f32x4.mul(k, learnt1));
      const s2 = f32x4.add(faded(from, before + 32, fade), f32x4.mul(k, learnt2));
      const s3 = f32x4.add(faded(from, before + 48, fade), f32x4.mul(k, learnt3));
      v128.store(after, s0);
      v128.store(after, s1, 16);
      v128.store(after, s2, 32);
      v128.store(after, s3, 48);
      y0 = f32x4.add(y0, f32x4.mul(q, s0));
      y1 = f32x4.add(y1, f32x4.mul(q, s1));
      y2 = f32x4.add(y2, f32x4.mul(q, s2));
      y3 = f32x4.add(y3, f32x4.mul(q, s3));
      before += bytes;
      after += bytes;
    }
    v128.store(y + at, f32x4.mul(queryUnit, y0));
    v128.store(y + at, f32x4.mul(queryUnit, y1), 16);
    v128.store(y + at, f32x4.mul(queryUnit, y2), 32);
    v128.store(y + at, f32x4.mul(queryUnit, y3), 48);
  }
}

// @ts-ignore: decorator
@inline
function faded(from: usize, at: usize, fade: v128): v128 {
  return from ? f32x4.mul(fade, v128.load(at)) : f32x4.splat(0);
}

/**
 * `y *= activation(gate)`, silu or σ, of one number if `single`; y's heads of `size` elements are RMS-normed first unless `weights` is 0.
 * @param width - a multiple of `size`, and of four
 */
export function gateByRow(
  gate: usize,
  y: usize,
  width: u32,
  isSilu: u32,
  single: u32,
  weights: usize,
  size: u32,
  epsilon: f32,
): void {
  if (weights) for (let head: u32 = 0; head < width; head += size) rmsNormRow(y + head * 4, weights, y + head * 4, size, epsilon, 0);
  const end = <usize>((width + 3) >> 2) * 16;
  for (let at: usize = 0; at < end; at += 16) {
    const g = single ? v128.load_splat<f32>(gate) : v128.load(gate + at);
    const top = isSilu ? g : f32x4.splat(1);
    const active = f32x4.div(top, f32x4.add(f32x4.splat(1), exp4(f32x4.neg(g))));
    v128.store(y + at, f32x4.mul(v128.load(y + at), active));
  }
}
