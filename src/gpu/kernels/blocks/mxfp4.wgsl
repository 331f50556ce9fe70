// MXFP4: value = 2^(exponent - 128) · step, the steps doubled to be whole. Exponents of four blocks share a word. Below 2 the
// power is smaller than the least normal number, and may be taken for 0.
const STEPS = array<f32, 16>(
  0.0, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 0.0, -1.0, -2.0, -3.0, -4.0, -6.0, -8.0, -12.0,
);

fn load_scale(group: u32, block: u32) -> Scale {
  let words = w[scale_index(group, block >> 2u)] >> vec4<u32>(8u * (block & 3u));
  let exponents = max(words & vec4<u32>(0xff), vec4<u32>(1u)) - vec4<u32>(1u);
  return Scale(bitcast<vec4<f32>>(exponents << vec4<u32>(23u)), vec4<f32>());
}
