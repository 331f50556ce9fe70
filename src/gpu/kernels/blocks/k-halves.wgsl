// Q6_K, Q3_K: value = d · scale · (q - OFFSET), a signed scale for each 16 elements. First the scales, four words for
// eight blocks, then their units d, two a word.

fn load_scale(group: u32, block: u32) -> Scale {
  let eight = block >> 3u;
  let scales = w[scale_index(group, eight * 4u + ((block >> 1u) & 3u))];
  let unit = half_of(scale_index(group, (matrix.blocks >> 3u) * 4u), eight);
  let byte = 2u * (block & 1u);
  let near = unit * signed_byte_of(scales, byte);
  let far = unit * signed_byte_of(scales, byte + 1u);
  return Scale(near, far, -OFFSET * near, -OFFSET * far);
}
