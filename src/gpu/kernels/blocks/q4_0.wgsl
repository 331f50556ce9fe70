// Q4_0: value = d · (q - 8). Scales of two blocks share a word.

fn load_scale(group: u32, block: u32) -> Scale {
  let pair = halves(w[scale_index(group, block >> 1u)]);
  let scale = select(pair.low, pair.high, (block & 1u) == 1u);
  return Scale(scale, -8.0 * scale);
}
