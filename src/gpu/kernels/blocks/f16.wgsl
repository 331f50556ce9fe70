fn pair_of(words: vec4<u32>) -> Halves {
  return halves(words);
}
