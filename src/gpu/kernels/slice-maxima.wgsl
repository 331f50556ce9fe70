// The vocabulary in SLICES slices, slice s the ids ≡ s mod SLICES: of each its first candidate, and
// Σ exp(logit - its logit) over the allowed tokens. The K best tokens lie in the K slices whose first candidates are
// best, so that only those need sorting. One thread a slice and a row.
override SLICES: u32; // a multiple of 64
@group(0) @binding(3) var<storage, read_write> first: array<Candidate>; // [T, SLICES]
@group(0) @binding(4) var<storage, read_write> sums: array<f32>; // [T, SLICES]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) invocation: vec3<u32>) {
  let slice = invocation.x;
  let row = invocation.y;
  var best = Candidate(LOWEST, NO_TOKEN);
  var sum = 0.0;
  for (var id = slice; id < VOCABULARY; id += SLICES) {
    let next = token(row, id);
    if (next.id != NO_TOKEN) {
      if (next.logit > best.logit) {
        sum = sum * exp(best.logit - next.logit) + 1.0;
        best = next;
      } else {
        sum += exp(next.logit - best.logit);
      }
    }
  }
  first[row * SLICES + slice] = best;
  sums[row * SLICES + slice] = sum;
}
