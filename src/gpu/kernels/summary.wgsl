// Of each row: log Σ exp(logit) over the allowed tokens, from the slices' first candidates and sums, and the logits of
// the wanted ids. One workgroup a row, parts merged as a tree. Reference: logSumExp() in tests/gpu/reference.ts.
override SLICES: u32;
override OUT_STRIDE: u32; // words from row to row of results
override OUT_FIRST: u32; // words of a result before its sum
override WORKGROUP: u32; // a power of two
@group(0) @binding(3) var<storage, read> first: array<Candidate>; // [T, SLICES]
@group(0) @binding(4) var<storage, read> sums: array<f32>; // [T, SLICES]
@group(0) @binding(5) var<storage, read> wanted: array<u32>; // [task.wanted]
@group(0) @binding(6) var<storage, read_write> results: array<u32>; // [result + T, OUT_STRIDE]

// Σ exp(logit) = exp(maximum) · sum
struct Part {
  maximum: f32,
  sum: f32,
}
var<workgroup> parts: array<Part, WORKGROUP>;

fn merged(a: Part, b: Part) -> Part {
  let maximum = max(a.maximum, b.maximum);
  return Part(maximum, a.sum * exp(a.maximum - maximum) + b.sum * exp(b.maximum - maximum));
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let row = workgroup.x;
  let to = (task.result + row) * OUT_STRIDE + OUT_FIRST;
  var part = Part(LOWEST, 0.0);
  for (var slice = local; slice < SLICES; slice += WORKGROUP) {
    part = merged(part, Part(first[row * SLICES + slice].logit, sums[row * SLICES + slice]));
  }
  parts[local] = part;
  for (var step = WORKGROUP / 2u; step > 0u; step /= 2u) {
    workgroupBarrier();
    if (local < step) {
      parts[local] = merged(parts[local], parts[local + step]);
    }
  }
  if (local == 0u) {
    results[to] = bitcast<u32>(parts[0].maximum + log(parts[0].sum));
  }
  for (var index = local; index < task.wanted; index += WORKGROUP) {
    results[to + 1u + index] = bitcast<u32>(logits[row * IN_STRIDE + wanted[index]]);
  }
}
