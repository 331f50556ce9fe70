@group(0) @binding(1) var<storage, read> candidates: array<Candidate>; // [T, task.source_stride]

fn candidate(row: u32, index: u32) -> Candidate {
  if (index < task.count) {
    return candidates[row * task.source_stride + index];
  }
  return Candidate(LOWEST, NO_TOKEN);
}
