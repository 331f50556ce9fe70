// Nibbles stay where they are in the word: a nibble at bit b counts 2^b too much, and x is divided by that instead
// (exact, a power of two). Saves a shift an element.
const NEAR_FACTORS = vec4<f32>(1.0, 0x1p-8, 0x1p-16, 0x1p-24);
const FAR_FACTORS = vec4<f32>(0x1p-4, 0x1p-12, 0x1p-20, 1.0);

fn load_tile(group: u32, block: u32, j: u32) -> Tile {
  let q = bitcast<vec4<i32>>(w[quant_index(group, block * 4u + j)]);
  return Tile(
    mat4x4<f32>(
      vec4<f32>(q & vec4<i32>(0xf)),
      vec4<f32>(q & vec4<i32>(0xf00)),
      vec4<f32>(q & vec4<i32>(0xf0000)),
      vec4<f32>(q & vec4<i32>(0xf000000)),
    ),
    mat4x4<f32>(
      vec4<f32>(q & vec4<i32>(0xf0)),
      vec4<f32>(q & vec4<i32>(0xf000)),
      vec4<f32>(q & vec4<i32>(0xf00000)),
      // The topmost nibble would be negative in place.
      vec4<f32>((q >> vec4<u32>(28u)) & vec4<i32>(0xf)),
    ),
  );
}
