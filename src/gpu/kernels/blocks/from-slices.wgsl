// The tokens of the slices whose first candidates were chosen, slice after slice.
override SLICES: u32;
override SLICE_LENGTH: u32; // tokens of a slice
@group(0) @binding(4) var<storage, read> first: array<Candidate>; // [T, task.source_stride]

fn candidate(row: u32, index: u32) -> Candidate {
  if (index < task.count) {
    let id = first[row * task.source_stride + index / SLICE_LENGTH].id;
    if (id != NO_TOKEN) {
      return token(row, id % SLICES + (index % SLICE_LENGTH) * SLICES);
    }
  }
  return Candidate(LOWEST, NO_TOKEN);
}
