// Q3_K: two low bits as q6_k.wgsl's high ones, in two words a block, and a third from a word as q5.wgsl's fifth.
const OFFSET = 4.0;
const NEAR_FACTORS = vec4<f32>(1.0, 0x1p-2, 0x1p-4, 0x1p-6);
const FAR_FACTORS = vec4<f32>(0x1p-8, 0x1p-10, 0x1p-12, 0x1p-14);
struct Words {
  low: vec4<i32>,
  third: vec4<i32>,
}

fn load_words(group: u32, block: u32, j: u32) -> Words {
  let low = w[quant_index(group, block * 3u + (j >> 1u))] >> vec4<u32>(16u * (j & 1u));
  let third = w[quant_index(group, block * 3u + 2u)] >> vec4<u32>(8u * j);
  return Words(bitcast<vec4<i32>>(low), bitcast<vec4<i32>>(third));
}

fn near_0(words: Words) -> vec4<f32> {
  return vec4<f32>((words.low & vec4<i32>(0x3)) + (words.third & vec4<i32>(0x1)) * 0x4);
}

fn near_1(words: Words) -> vec4<f32> {
  return vec4<f32>((words.low & vec4<i32>(0xc)) + (words.third & vec4<i32>(0x2)) * 0x8);
}

fn near_2(words: Words) -> vec4<f32> {
  return vec4<f32>((words.low & vec4<i32>(0x30)) + (words.third & vec4<i32>(0x4)) * 0x10);
}

fn near_3(words: Words) -> vec4<f32> {
  return vec4<f32>((words.low & vec4<i32>(0xc0)) + (words.third & vec4<i32>(0x8)) * 0x20);
}

fn far_0(words: Words) -> vec4<f32> {
  return vec4<f32>((words.low & vec4<i32>(0x300)) + (words.third & vec4<i32>(0x10)) * 0x40);
}

fn far_1(words: Words) -> vec4<f32> {
  return vec4<f32>((words.low & vec4<i32>(0xc00)) + (words.third & vec4<i32>(0x20)) * 0x80);
}

fn far_2(words: Words) -> vec4<f32> {
  return vec4<f32>((words.low & vec4<i32>(0x3000)) + (words.third & vec4<i32>(0x40)) * 0x100);
}

fn far_3(words: Words) -> vec4<f32> {
  return vec4<f32>((words.low & vec4<i32>(0xc000)) + (words.third & vec4<i32>(0x80)) * 0x200);
}
