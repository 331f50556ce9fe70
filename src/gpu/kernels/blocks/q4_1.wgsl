// Q4_1: value = d · q + m.

fn load_scale(group: u32, block: u32) -> Scale {
  let pair = halves(w[scale_index(group, block)]);
  return Scale(pair.low, pair.high);
}
