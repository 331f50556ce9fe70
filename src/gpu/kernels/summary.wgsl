// Of each row of logits: log Σ exp(logit) over the allowed tokens, and the logits of the wanted ids. One workgroup a
// row; a thread keeps the maximum and the sum of its part, and the parts are merged as a tree.
// Reference: logSumExp() in tests/gpu/reference.ts.
override IN_STRIDE: u32; // elements from row to row of logits
override OUT_STRIDE: u32; // words from row to row of results
override OUT_FIRST: u32; // words of a result before its sum
override WORKGROUP: u32; // a power of two
@group(0) @binding(1) var<storage, read> logits: array<f32>; // [T, IN_STRIDE]
@group(0) @binding(3) var<storage, read> wanted: array<u32>; // [task.wanted]
@group(0) @binding(4) var<storage, read_write> results: array<u32>; // [result + T, OUT_STRIDE]

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
  let source = workgroup.x * IN_STRIDE;
  let to = (task.result + workgroup.x) * OUT_STRIDE + OUT_FIRST;
  var part = Part(LOWEST, 0.0);
  for (var id = local; id < task.count; id += WORKGROUP) {
    let logit = logits[source + id];
    if (allowed(id)) {
      if (logit > part.maximum) {
        part = Part(logit, part.sum * exp(part.maximum - logit) + 1.0);
      } else {
        part.sum += exp(logit - part.maximum);
      }
    }
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
    results[to + 1u + index] = bitcast<u32>(logits[source + wanted[index]]);
  }
}
