// Nibbles as in q4.wgsl, the far ones moved down, and a fifth bit from a word a block: byte j has those of tile j, near
// ones first. Each element stands at bit 8i of a word of its own, i its place in the tile.
const NEAR_FACTORS = vec4<f32>(1.0, 0x1p-8, 0x1p-16, 0x1p-24);
const FAR_FACTORS = NEAR_FACTORS;
struct Words {
  near: vec4<i32>,
  far: vec4<i32>,
  bits: vec4<i32>,
}

fn load_words(group: u32, block: u32, j: u32) -> Words {
  let nibbles = w[quant_index(group, block * 5u + j)];
  let bits = w[quant_index(group, block * 5u + 4u)] >> vec4<u32>(8u * j);
  let far = (nibbles >> vec4<u32>(4u)) & vec4<u32>(0x0f0f0f0f);
  return Words(bitcast<vec4<i32>>(nibbles & vec4<u32>(0x0f0f0f0f)), bitcast<vec4<i32>>(far), bitcast<vec4<i32>>(bits));
}

fn near_0(words: Words) -> vec4<f32> {
  return vec4<f32>((words.near & vec4<i32>(0xf)) + (words.bits & vec4<i32>(0x1)) * 0x10);
}

fn near_1(words: Words) -> vec4<f32> {
  return vec4<f32>((words.near & vec4<i32>(0xf00)) + (words.bits & vec4<i32>(0x2)) * 0x800);
}

fn near_2(words: Words) -> vec4<f32> {
  return vec4<f32>((words.near & vec4<i32>(0xf0000)) + (words.bits & vec4<i32>(0x4)) * 0x40000);
}

fn near_3(words: Words) -> vec4<f32> {
  return vec4<f32>((words.near & vec4<i32>(0xf000000)) + (words.bits & vec4<i32>(0x8)) * 0x2000000);
}

fn far_0(words: Words) -> vec4<f32> {
  return vec4<f32>((words.far & vec4<i32>(0xf)) + (words.bits & vec4<i32>(0x10)));
}

fn far_1(words: Words) -> vec4<f32> {
  return vec4<f32>((words.far & vec4<i32>(0xf00)) + (words.bits & vec4<i32>(0x20)) * 0x80);
}

fn far_2(words: Words) -> vec4<f32> {
  return vec4<f32>((words.far & vec4<i32>(0xf0000)) + (words.bits & vec4<i32>(0x40)) * 0x4000);
}

fn far_3(words: Words) -> vec4<f32> {
  return vec4<f32>((words.far & vec4<i32>(0xf000000)) + (words.bits & vec4<i32>(0x80)) * 0x200000);
}
