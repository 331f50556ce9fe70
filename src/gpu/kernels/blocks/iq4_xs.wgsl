// IQ4_XS: value = d · scale · step, a signed scale a block. First the scales, two words for eight blocks, then their units
// d, two a word.

fn load_scale(group: u32, block: u32) -> Scale {
  let unit = half_of(scale_index(group, (matrix.blocks >> 3u) * 2u), block >> 3u);
  return Scale(unit * signed_byte_of(w[scale_index(group, block >> 2u)], block & 3u), vec4<f32>());
}
