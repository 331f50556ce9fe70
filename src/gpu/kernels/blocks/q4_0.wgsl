// Q4_0: value = d · (q - 8). Scales of two blocks share a word.
override SCALE_VECTORS: u32 = (BLOCKS + 1u) / 2u;
override GROUP_VECTORS: u32 = SCALE_VECTORS + BLOCKS * 4u;

fn load_scale(group: u32, block: u32) -> Scale {
  let scale = low_halves(w[group * GROUP_VECTORS + block / 2u] >> vec4<u32>(16u * (block & 1u)));
  return Scale(scale, -8.0 * scale);
}
