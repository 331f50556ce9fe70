// Q4_0: value = d · (q - 8). Scales of two blocks share a word.

fn load_scale(group: u32, block: u32) -> Scale {
  let scale = half_of(scale_index(group, 0u), block);
  return Scale(scale, -8.0 * scale);
}
