// F16: rows in blocks of 32 like the quantised types, the last one filled up with zeros.
const NEAR_FACTORS = vec4<f32>(1.0);
const FAR_FACTORS = vec4<f32>(1.0);

fn load_halves(index: u32) -> mat4x4<f32> {
  let first = w[index];
  let second = w[index + 1u];
  let high = vec4<u32>(16u);
  return mat4x4<f32>(low_halves(first), low_halves(first >> high), low_halves(second), low_halves(second >> high));
}

fn load_tile(group: u32, block: u32, j: u32) -> Tile {
  let words = quant_index(group, block * 16u + j * 2u);
  return Tile(load_halves(words), load_halves(words + 8u));
}

fn load_scale(group: u32, block: u32) -> Scale {
  return Scale(vec4<f32>(1.0), vec4<f32>());
}
