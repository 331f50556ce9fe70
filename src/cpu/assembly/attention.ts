import { exp1, exp4, greatest, total } from './lanes';
import { capped } from './rows';

// The KV cache lies in pages of 32 positions, anywhere in memory. A page of one layer: for each KV head the keys
// `[D, 32]`, then the values `[32, D]`. So the scores of four positions are the lanes of one vector.

export const PAGE: u32 = 32;

// @ts-ignore: decorator
@inline
function headBytes(size: u32): usize {
  return <usize>size * PAGE * 4;
}

/** Rotates pairs of neighbours; `angles` holds cosine and sine of each pair. */
// @ts-ignore: decorator
@inline
function rotate(head: usize, angles: usize, at: usize): v128 {
  const x = v128.load(head + at);
  const turn = v128.load(angles + at);
  const cosines = v128.shuffle<i32>(turn, turn, 0, 0, 2, 2);
  const sines = v128.shuffle<i32>(turn, turn, 1, 1, 3, 3);
  const swapped = v128.shuffle<i32>(x, x, 1, 0, 3, 2);
  const signs = i32x4(i32.MIN_VALUE, 0, i32.MIN_VALUE, 0);
  return f32x4.add(f32x4.mul(x, cosines), v128.xor(f32x4.mul(swapped, sines), signs));
}

/** Rotates one token's queries in place, times `factor`, and stores its rotated keys and its values. */
export function ropeRow(
  qkv: usize,
  angles: usize,
  position: u32,
  pages: usize,
  heads: u32,
  kvHeads: u32,
  size: u32,
  factor: f32,
): void {
  const bytes = <usize>size * 4;
  const scale = f32x4.splat(factor);
  for (let head: u32 = 0; head < heads; head++) {
    for (let at: usize = 0; at < bytes; at += 16) v128.store(qkv + at, f32x4.mul(rotate(qkv, angles, at), scale));
    qkv += bytes;
  }
  const slot: usize = position % PAGE;
  let page: usize = load<u32>(pages + (position / PAGE) * 4);
  const values = qkv + kvHeads * bytes;
  for (let head: u32 = 0; head < kvHeads; head++) {
    for (let at: usize = 0; at < bytes; at += 16) {
      const key = rotate(qkv + head * bytes, angles, at);
      const to = page + at * PAGE + slot * 4;
      v128.store_lane<f32>(to, key, 0);
      v128.store_lane<f32>(to, key, 1, 128);
      v128.store_lane<f32>(to, key, 2, 256);
      v128.store_lane<f32>(to, key, 3, 384);
    }
    page += headBytes(size);
    memory.copy(page + slot * bytes, values + head * bytes, bytes);
    page += headBytes(size);
  }
}

/** Scores of a query with the 32 keys of a page. Positions outside `[begin, count)` count for nothing. @returns the greatest */
function scorePage(query: usize, keys: usize, size: u32, begin: u32, count: u32, cap: f32, scores: usize): f32 {
  let s0 = f32x4.splat(0);
  let s1 = f32x4.splat(0);
  let s2 = f32x4.splat(0);
  let s3 = f32x4.splat(0);
  let s4 = f32x4.splat(0);
  let s5 = f32x4.splat(0);
  let s6 = f32x4.splat(0);
  let s7 = f32x4.splat(0);
  const end = query + <usize>size * 4;
  for (; query < end; query += 4) {
    const q = v128.load_splat<f32>(query);
    s0 = f32x4.add(s0, f32x4.mul(q, v128.load(keys)));
    s1 = f32x4.add(s1, f32x4.mul(q, v128.load(keys, 16)));
    s2 = f32x4.add(s2, f32x4.mul(q, v128.load(keys, 32)));
    s3 = f32x4.add(s3, f32x4.mul(q, v128.load(keys, 48)));
    s4 = f32x4.add(s4, f32x4.mul(q, v128.load(keys, 64)));
    s5 = f32x4.add(s5, f32x4.mul(q, v128.load(keys, 80)));
    s6 = f32x4.add(s6, f32x4.mul(q, v128.load(keys, 96)));
    s7 = f32x4.add(s7, f32x4.mul(q, v128.load(keys, 112)));
    keys += 128;
  }
  v128.store(scores, s0);
  v128.store(scores, s1, 16);
  v128.store(scores, s2, 32);
  v128.store(scores, s3, 48);
  v128.store(scores, s4, 64);
  v128.store(scores, s5, 80);
  v128.store(scores, s6, 96);
  v128.store(scores, s7, 112);
  if (cap > 0) for (let at: usize = 0; at < 128; at += 16) v128.store(scores + at, capped(v128.load(scores + at), cap));
  for (let index: u32 = 0; index < begin; index++) store<f32>(scores + index * 4, -f32.MAX_VALUE);
  for (let index = count; index < PAGE; index++) store<f32>(scores + index * 4, -f32.MAX_VALUE);
  let most = v128.load(scores);
  for (let at: usize = 16; at < 128; at += 16) most = f32x4.max(most, v128.load(scores + at));
  return greatest(most);
}

/** Adds the values of a page's positions `[begin, count)`, weighted, to `sums` `[D]`. */
function addValues(weights: usize, values: usize, size: u32, begin: u32, count: u32, sums: usize): void {
  const bytes = <usize>size * 4;
  let at: usize = 0;
  for (; at + 64 <= bytes; at += 64) {
    let a = v128.load(sums + at);
    let b = v128.load(sums + at, 16);
    let c = v128.load(sums + at, 32);
    let d = v128.load(sums + at, 48);
    let value = values + begin * bytes + at;
    for (let index = begin; index < count; index++) {
      const weight = v128.load_splat<f32>(weights + index * 4);
      a = f32x4.add(a, f32x4.mul(weight, v128.load(value)));
      b = f32x4.add(b, f32x4.mul(weight, v128.load(value, 16)));
      c = f32x4.add(c, f32x4.mul(weight, v128.load(value, 32)));
      d = f32x4.add(d, f32x4.mul(weight, v128.load(value, 48)));
      value += bytes;
    }
    v128.store(sums + at, a);
    v128.store(sums + at, b, 16);
    v128.store(sums + at, c, 32);
    v128.store(sums + at, d, 48);
  }
  for (; at < bytes; at += 16) {
    let a = v128.load(sums + at);
    for (let index = begin; index < count; index++)
      a = f32x4.add(a, f32x4.mul(v128.load_splat<f32>(weights + index * 4), v128.load(values + index * bytes + at)));
    v128.store(sums + at, a);
  }
}

/**
 * One query head of one token over positions `[start, length)`, page by page with a running maximum.
 * @param kvHead - which of a page's heads
 * @param cap - of scores, 0 for none
 * @param sinks - whether `sink` is a score that counts for the softmax and has no value
 * @param scores - 32 floats of scratch memory
 */
export function attendHead(
  query: usize,
  pages: usize,
  start: u32,
  length: u32,
  kvHead: u32,
  size: u32,
  cap: f32,
  sinks: u32,
  sink: f32,
  y: usize,
  scores: usize,
): void {
  let most: f32 = sinks ? sink : -f32.MAX_VALUE;
  let weight: f32 = sinks ? 1 : 0;
  const bytes = <usize>size * 4;
  memory.fill(y, 0, bytes);
  let begin = start % PAGE;
  pages += <usize>(start / PAGE) * 4;
  for (let first = start - begin; first < length; first += PAGE) {
    const keys = <usize>load<u32>(pages) + 2 * kvHead * headBytes(size);
    const count = min(PAGE, length - first);
    const highest = max(most, scorePage(query, keys, size, begin, count, cap, scores));
    if (highest > most) {
      const shrink = exp1(most - highest);
      for (let at: usize = 0; at < bytes; at += 16) v128.store(y + at, f32x4.mul(v128.load(y + at), f32x4.splat(shrink)));
      weight *= shrink;
      most = highest;
    }
    let sum = f32x4.splat(0);
    for (let at: usize = 0; at < 128; at += 16) {
      const part = exp4(f32x4.sub(v128.load(scores + at), f32x4.splat(most)));
      sum = f32x4.add(sum, part);
      v128.store(scores + at, part);
    }
    weight += total(sum);
    addValues(scores, keys + headBytes(size), size, begin, count, y);
    begin = 0;
    pages += 4;
  }
  const factor = f32x4.splat(1 / weight);
  for (let at: usize = 0; at < bytes; at += 16) v128.store(y + at, f32x4.mul(v128.load(y + at), factor));
}
