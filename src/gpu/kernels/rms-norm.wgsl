// RMS norm: y[t,c] = x[t,c] / sqrt(mean_c(x²) + EPSILON) · w[c], or with ADD that added to y. One workgroup a row t.
// Reference: rmsNorm() in tests/gpu/reference.ts.
override C: u32;
override EPSILON: f32;
override ADD: bool;
override STRIDE: u32; // vec4s from row to row of x and y; x is 0 from C on
@group(0) @binding(1) var<storage, read> w: array<vec4<f32>>; // [STRIDE]
@group(0) @binding(2) var<storage, read> x: array<vec4<f32>>; // [first + T, STRIDE]
@group(0) @binding(3) var<storage, read_write> y: array<vec4<f32>>; // [T, STRIDE]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let source = (task.first + workgroup.x) * STRIDE;
  let to = workgroup.x * STRIDE;
  var part = 0.0;
  for (var index = local; index < STRIDE; index += WORKGROUP) {
    part += dot(x[source + index], x[source + index]);
  }
  let factor = 1.0 / sqrt(tree_sum(part, local) / f32(C) + EPSILON);
  for (var index = local; index < STRIDE; index += WORKGROUP) {
    let value = x[source + index] * factor * w[index];
    if (ADD) {
      y[to + index] += value;
    } else {
      y[to + index] = value;
    }
  }
}
