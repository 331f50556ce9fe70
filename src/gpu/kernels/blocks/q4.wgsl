// Nibbles stay where they are in the word: a nibble at bit b counts 2^b too much, and x is divided by that instead
// (exact, a power of two). Saves a shift an element.
const NEAR_FACTORS = vec4<f32>(1.0, 0x1p-8, 0x1p-16, 0x1p-24);
const FAR_FACTORS = vec4<f32>(0x1p-4, 0x1p-12, 0x1p-20, 0x1p-28);
alias Words = vec4<i32>;

fn load_words(group: u32, block: u32, j: u32) -> Words {
  return bitcast<vec4<i32>>(w[quant_index(group, block * 4u + j)]);
}

fn near_0(words: Words) -> vec4<f32> {
  return vec4<f32>(words & vec4<i32>(0xf));
}

fn near_1(words: Words) -> vec4<f32> {
  return vec4<f32>(words & vec4<i32>(0xf00));
}

fn near_2(words: Words) -> vec4<f32> {
  return vec4<f32>(words & vec4<i32>(0xf0000));
}

fn near_3(words: Words) -> vec4<f32> {
  return vec4<f32>(words & vec4<i32>(0xf000000));
}

fn far_0(words: Words) -> vec4<f32> {
  return vec4<f32>(words & vec4<i32>(0xf0));
}

fn far_1(words: Words) -> vec4<f32> {
  return vec4<f32>(words & vec4<i32>(0xf000));
}

fn far_2(words: Words) -> vec4<f32> {
  return vec4<f32>(words & vec4<i32>(0xf00000));
}

// Of an unsigned word: the topmost nibble holds the sign.
fn far_3(words: Words) -> vec4<f32> {
  return vec4<f32>(bitcast<vec4<u32>>(words) & vec4<u32>(0xf0000000));
}
