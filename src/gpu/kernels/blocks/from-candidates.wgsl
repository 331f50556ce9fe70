override IN_STRIDE: u32; // candidates from row to row
@group(0) @binding(1) var<storage, read> candidates: array<Candidate>; // [T, IN_STRIDE]

fn candidate(row: u32, index: u32) -> Candidate {
  if (index < task.count) {
    return candidates[row * IN_STRIDE + index];
  }
  return Candidate(LOWEST, NO_TOKEN);
}
