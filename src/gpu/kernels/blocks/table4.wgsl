// Nibbles, packed as in q4.wgsl, that stand for the 16 values of STEPS.
const NEAR_FACTORS = vec4<f32>(1.0);
const FAR_FACTORS = vec4<f32>(1.0);
alias Words = vec4<u32>;

fn load_words(group: u32, block: u32, j: u32) -> Words {
  return w[quant_index(group, block * 4u + j)];
}

fn steps(words: Words, bit: u32) -> vec4<f32> {
  let nibbles = (words >> vec4<u32>(bit)) & vec4<u32>(0xf);
  return vec4<f32>(STEPS[nibbles.x], STEPS[nibbles.y], STEPS[nibbles.z], STEPS[nibbles.w]);
}

fn near_0(words: Words) -> vec4<f32> {
  return steps(words, 0u);
}

fn near_1(words: Words) -> vec4<f32> {
  return steps(words, 8u);
}

fn near_2(words: Words) -> vec4<f32> {
  return steps(words, 16u);
}

fn near_3(words: Words) -> vec4<f32> {
  return steps(words, 24u);
}

fn far_0(words: Words) -> vec4<f32> {
  return steps(words, 4u);
}

fn far_1(words: Words) -> vec4<f32> {
  return steps(words, 12u);
}

fn far_2(words: Words) -> vec4<f32> {
  return steps(words, 20u);
}

fn far_3(words: Words) -> vec4<f32> {
  return steps(words, 28u);
}
