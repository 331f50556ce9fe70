// Q8_0: value = d · q, q a signed byte. A byte is moved to the top of its word, where its sign is the word's; it then
// counts 2^24 too much, which the scale takes back. Scales of two blocks share a word.
const NEAR_FACTORS = vec4<f32>(1.0);
const FAR_FACTORS = vec4<f32>(1.0);
const TOP = vec4<i32>(-0x1000000);
struct Words {
  near: vec4<i32>,
  far: vec4<i32>,
}

fn load_words(group: u32, block: u32, j: u32) -> Words {
  let index = quant_index(group, block * 8u + j);
  return Words(bitcast<vec4<i32>>(w[index]), bitcast<vec4<i32>>(w[index + 4u]));
}

fn near_0(words: Words) -> vec4<f32> {
  return vec4<f32>(words.near * 0x1000000);
}

fn near_1(words: Words) -> vec4<f32> {
  return vec4<f32>((words.near * 0x10000) & TOP);
}

fn near_2(words: Words) -> vec4<f32> {
  return vec4<f32>((words.near * 0x100) & TOP);
}

fn near_3(words: Words) -> vec4<f32> {
  return vec4<f32>(words.near & TOP);
}

fn far_0(words: Words) -> vec4<f32> {
  return vec4<f32>(words.far * 0x1000000);
}

fn far_1(words: Words) -> vec4<f32> {
  return vec4<f32>((words.far * 0x10000) & TOP);
}

fn far_2(words: Words) -> vec4<f32> {
  return vec4<f32>((words.far * 0x100) & TOP);
}

fn far_3(words: Words) -> vec4<f32> {
  return vec4<f32>(words.far & TOP);
}

fn load_scale(group: u32, block: u32) -> Scale {
  let scale = half_of(scale_index(group, 0u), block);
  return Scale(0x1p-24 * scale, vec4<f32>());
}
