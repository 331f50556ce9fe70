// F16 and BF16, two elements a word, which the type's `pair_of` takes apart: rows in blocks of 32 like the quantised types,
// the last one filled up with zeros.
const NEAR_FACTORS = vec4<f32>(1.0);
const FAR_FACTORS = vec4<f32>(1.0);
struct Words {
  near_01: vec4<u32>,
  near_23: vec4<u32>,
  far_01: vec4<u32>,
  far_23: vec4<u32>,
}

fn load_words(group: u32, block: u32, j: u32) -> Words {
  let index = quant_index(group, block * 16u + j * 2u);
  return Words(w[index], w[index + 1u], w[index + 8u], w[index + 9u]);
}

fn near_0(words: Words) -> vec4<f32> {
  return pair_of(words.near_01).low;
}

fn near_1(words: Words) -> vec4<f32> {
  return pair_of(words.near_01).high;
}

fn near_2(words: Words) -> vec4<f32> {
  return pair_of(words.near_23).low;
}

fn near_3(words: Words) -> vec4<f32> {
  return pair_of(words.near_23).high;
}

fn far_0(words: Words) -> vec4<f32> {
  return pair_of(words.far_01).low;
}

fn far_1(words: Words) -> vec4<f32> {
  return pair_of(words.far_01).high;
}

fn far_2(words: Words) -> vec4<f32> {
  return pair_of(words.far_23).low;
}

fn far_3(words: Words) -> vec4<f32> {
  return pair_of(words.far_23).high;
}

fn load_scale(group: u32, block: u32) -> Scale {
  return Scale(vec4<f32>(1.0), vec4<f32>());
}
