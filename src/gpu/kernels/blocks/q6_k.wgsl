// Q6_K: low nibbles as in q5.wgsl, and two high bits from two words a block: half j has those of tile j, near ones first.
const OFFSET = 32.0;
const NEAR_FACTORS = vec4<f32>(1.0, 0x1p-8, 0x1p-16, 0x1p-24);
const FAR_FACTORS = NEAR_FACTORS;
struct Words {
  near: vec4<i32>,
  far: vec4<i32>,
  high: vec4<i32>,
}

fn load_words(group: u32, block: u32, j: u32) -> Words {
  let nibbles = w[quant_index(group, block * 6u + j)];
  let high = w[quant_index(group, block * 6u + 4u + (j >> 1u))] >> vec4<u32>(16u * (j & 1u));
  let far = (nibbles >> vec4<u32>(4u)) & vec4<u32>(0x0f0f0f0f);
  return Words(bitcast<vec4<i32>>(nibbles & vec4<u32>(0x0f0f0f0f)), bitcast<vec4<i32>>(far), bitcast<vec4<i32>>(high));
}

fn near_0(words: Words) -> vec4<f32> {
  return vec4<f32>((words.near & vec4<i32>(0xf)) + (words.high & vec4<i32>(0x3)) * 0x10);
}

fn near_1(words: Words) -> vec4<f32> {
  return vec4<f32>((words.near & vec4<i32>(0xf00)) + (words.high & vec4<i32>(0xc)) * 0x400);
}

fn near_2(words: Words) -> vec4<f32> {
  return vec4<f32>((words.near & vec4<i32>(0xf0000)) + (words.high & vec4<i32>(0x30)) * 0x10000);
}

fn near_3(words: Words) -> vec4<f32> {
  return vec4<f32>((words.near & vec4<i32>(0xf000000)) + (words.high & vec4<i32>(0xc0)) * 0x400000);
}

fn far_0(words: Words) -> vec4<f32> {
  return vec4<f32>((words.far & vec4<i32>(0xf)) + ((words.high & vec4<i32>(0x300)) >> vec4<u32>(4u)));
}

fn far_1(words: Words) -> vec4<f32> {
  return vec4<f32>((words.far & vec4<i32>(0xf00)) + (words.high & vec4<i32>(0xc00)) * 0x4);
}

fn far_2(words: Words) -> vec4<f32> {
  return vec4<f32>((words.far & vec4<i32>(0xf0000)) + (words.high & vec4<i32>(0x3000)) * 0x100);
}

fn far_3(words: Words) -> vec4<f32> {
  return vec4<f32>((words.far & vec4<i32>(0xf000000)) + (words.high & vec4<i32>(0xc000)) * 0x4000);
}
