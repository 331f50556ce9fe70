// Q4_0: value = d · (q - 8). Scales of two blocks share a word.

fn load_scale(group: u32, block: u32) -> Scale {
  let scale = low_halves(w[scale_index(group, block / 2u)] >> vec4<u32>(16u * (block & 1u)));
  return Scale(scale, -8.0 * scale);
}
