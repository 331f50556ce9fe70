// Q8_0: value = d · q, q a signed byte. A byte is moved to the top of its word, where its sign is the word's; it then
// counts 2^24 too much, which the scale takes back. Scales of two blocks share a word.
const NEAR_FACTORS = vec4<f32>(1.0);
const FAR_FACTORS = vec4<f32>(1.0);

fn load_bytes(index: u32) -> mat4x4<f32> {
  let q = bitcast<vec4<i32>>(w[index]);
  let top = vec4<i32>(-0x1000000);
  return mat4x4<f32>(
    vec4<f32>(q << vec4<u32>(24u)),
    vec4<f32>((q << vec4<u32>(16u)) & top),
    vec4<f32>((q << vec4<u32>(8u)) & top),
    vec4<f32>(q & top),
  );
}

fn load_tile(group: u32, block: u32, j: u32) -> Tile {
  let quants = quant_index(group, block * 8u + j);
  return Tile(load_bytes(quants), load_bytes(quants + 4u));
}

fn load_scale(group: u32, block: u32) -> Scale {
  let scale = low_halves(w[scale_index(group, block / 2u)] >> vec4<u32>(16u * (block & 1u)));
  return Scale(0x1p-24 * scale, vec4<f32>());
}
