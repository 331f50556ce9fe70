// F32: rows in blocks of 32 like the quantised types, the last one filled up with zeros.
const NEAR_FACTORS = vec4<f32>(1.0);
const FAR_FACTORS = vec4<f32>(1.0);

fn load_floats(index: u32) -> mat4x4<f32> {
  return mat4x4<f32>(
    bitcast<vec4<f32>>(w[index]),
    bitcast<vec4<f32>>(w[index + 1u]),
    bitcast<vec4<f32>>(w[index + 2u]),
    bitcast<vec4<f32>>(w[index + 3u]),
  );
}

fn load_tile(group: u32, block: u32, j: u32) -> Tile {
  let words = quant_index(group, block * 32u + j * 4u);
  return Tile(load_floats(words), load_floats(words + 16u));
}

fn load_scale(group: u32, block: u32) -> Scale {
  return Scale(vec4<f32>(1.0), vec4<f32>());
}
