// Q4_1: value = d · q + m.
override SCALE_VECTORS: u32 = BLOCKS;
override GROUP_VECTORS: u32 = SCALE_VECTORS + BLOCKS * 4u;

fn load_scale(group: u32, block: u32) -> Scale {
  let words = w[group * GROUP_VECTORS + block];
  return Scale(low_halves(words), low_halves(words >> vec4<u32>(16u)));
}
