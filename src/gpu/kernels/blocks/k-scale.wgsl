// Q4_K, Q5_K: value = d · scale · q - d_min · minimum, with a scale and a minimum a block, whole bytes here. Of eight
// blocks the scales are five words: d and d_min, the scales, the minima.

fn load_scale(group: u32, block: u32) -> Scale {
  let first = scale_index(group, (block >> 3u) * 5u);
  let units = halves(w[first]);
  let word = (block >> 2u) & 1u;
  let scale = byte_of(w[first + 1u + word], block & 3u);
  let minimum = byte_of(w[first + 3u + word], block & 3u);
  return Scale(units.low * scale, -units.high * minimum);
}
