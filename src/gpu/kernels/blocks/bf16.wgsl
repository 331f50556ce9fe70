// BF16: the upper halves of f32.
fn pair_of(words: vec4<u32>) -> Halves {
  return Halves(bitcast<vec4<f32>>(words * 0x10000u), bitcast<vec4<f32>>(words & vec4<u32>(0xffff0000u)));
}
