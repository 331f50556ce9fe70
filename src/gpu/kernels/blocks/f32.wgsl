// F32: rows in blocks of 32 like the quantised types, the last one filled up with zeros.
const NEAR_FACTORS = vec4<f32>(1.0);
const FAR_FACTORS = vec4<f32>(1.0);
// Where a tile begins: an element is a vec4 of its own.
alias Words = u32;

fn load_words(group: u32, block: u32, j: u32) -> Words {
  return quant_index(group, block * 32u + j * 4u);
}

fn near_0(words: Words) -> vec4<f32> {
  return bitcast<vec4<f32>>(w[words]);
}

fn near_1(words: Words) -> vec4<f32> {
  return bitcast<vec4<f32>>(w[words + 1u]);
}

fn near_2(words: Words) -> vec4<f32> {
  return bitcast<vec4<f32>>(w[words + 2u]);
}

fn near_3(words: Words) -> vec4<f32> {
  return bitcast<vec4<f32>>(w[words + 3u]);
}

fn far_0(words: Words) -> vec4<f32> {
  return bitcast<vec4<f32>>(w[words + 16u]);
}

fn far_1(words: Words) -> vec4<f32> {
  return bitcast<vec4<f32>>(w[words + 17u]);
}

fn far_2(words: Words) -> vec4<f32> {
  return bitcast<vec4<f32>>(w[words + 18u]);
}

fn far_3(words: Words) -> vec4<f32> {
  return bitcast<vec4<f32>>(w[words + 19u]);
}

fn load_scale(group: u32, block: u32) -> Scale {
  return Scale(vec4<f32>(1.0), vec4<f32>());
}
