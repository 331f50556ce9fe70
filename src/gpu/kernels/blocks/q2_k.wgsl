// Q2_K: value = d · scale · q - d_min · minimum, q two bits as in q3_k.wgsl, scale and minimum the nibbles of a byte for
// each 16 elements. Of eight blocks the scales are five words: those bytes, then d and d_min.
const NEAR_FACTORS = vec4<f32>(1.0, 0x1p-2, 0x1p-4, 0x1p-6);
const FAR_FACTORS = vec4<f32>(0x1p-8, 0x1p-10, 0x1p-12, 0x1p-14);
alias Words = vec4<i32>;

fn load_words(group: u32, block: u32, j: u32) -> Words {
  return bitcast<vec4<i32>>(w[quant_index(group, block * 2u + (j >> 1u))] >> vec4<u32>(16u * (j & 1u)));
}

fn near_0(words: Words) -> vec4<f32> {
  return vec4<f32>(words & vec4<i32>(0x3));
}

fn near_1(words: Words) -> vec4<f32> {
  return vec4<f32>(words & vec4<i32>(0xc));
}

fn near_2(words: Words) -> vec4<f32> {
  return vec4<f32>(words & vec4<i32>(0x30));
}

fn near_3(words: Words) -> vec4<f32> {
  return vec4<f32>(words & vec4<i32>(0xc0));
}

fn far_0(words: Words) -> vec4<f32> {
  return vec4<f32>(words & vec4<i32>(0x300));
}

fn far_1(words: Words) -> vec4<f32> {
  return vec4<f32>(words & vec4<i32>(0xc00));
}

fn far_2(words: Words) -> vec4<f32> {
  return vec4<f32>(words & vec4<i32>(0x3000));
}

fn far_3(words: Words) -> vec4<f32> {
  return vec4<f32>(words & vec4<i32>(0xc000));
}

fn load_scale(group: u32, block: u32) -> Scale {
  let first = scale_index(group, (block >> 3u) * 5u);
  let words = w[first + ((block >> 1u) & 3u)] >> vec4<u32>(16u * (block & 1u));
  let units = halves(w[first + 4u]);
  let near = vec4<f32>(words & vec4<u32>(0xf));
  let near_minimum = vec4<f32>((words >> vec4<u32>(4u)) & vec4<u32>(0xf));
  let far = vec4<f32>((words >> vec4<u32>(8u)) & vec4<u32>(0xf));
  let far_minimum = vec4<f32>((words >> vec4<u32>(12u)) & vec4<u32>(0xf));
  return Scale(units.low * near, units.low * far, -units.high * near_minimum, -units.high * far_minimum);
}
