override IN_STRIDE: u32; // elements from row to row of logits
@group(0) @binding(1) var<storage, read> logits: array<f32>; // [T, IN_STRIDE]

fn candidate(row: u32, index: u32) -> Candidate {
  if (index < task.count && allowed(index)) {
    return Candidate(logits[row * IN_STRIDE + index], index);
  }
  return Candidate(LOWEST, NO_TOKEN);
}
