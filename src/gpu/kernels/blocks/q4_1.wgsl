// Q4_1: value = d · q + m.

fn load_scale(group: u32, block: u32) -> Scale {
  let words = w[scale_index(group, block)];
  return Scale(low_halves(words), low_halves(words >> vec4<u32>(16u)));
}
