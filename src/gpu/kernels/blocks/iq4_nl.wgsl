// IQ4_NL: value = d · step. Scales of two blocks share a word.

fn load_scale(group: u32, block: u32) -> Scale {
  return Scale(half_of(scale_index(group, 0u), block), vec4<f32>());
}
