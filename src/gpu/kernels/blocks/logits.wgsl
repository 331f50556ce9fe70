override IN_STRIDE: u32; // elements from row to row of logits
override VOCABULARY: u32; // V
@group(0) @binding(1) var<storage, read> logits: array<f32>; // [T, IN_STRIDE]

// A token as a candidate, if there is such a token and it is allowed.
fn token(row: u32, id: u32) -> Candidate {
  if (id < VOCABULARY && allowed(id)) {
    return Candidate(logits[row * IN_STRIDE + id], id);
  }
  return Candidate(LOWEST, NO_TOKEN);
}
