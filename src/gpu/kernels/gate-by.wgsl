// y[t] = y[t] · activation(gate[t]), σ or with SILU silu, of one number with SINGLE; with NORM each head h of y is h / sqrt(mean(h²) + EPSILON) · w
// first. One workgroup a head of a row. Reference: tests/fixtures/graph-interpreter.ts.
override D4: u32; // D / 4
override EPSILON: f32;
override SILU: bool;
override NORM: bool;
override SINGLE: bool;
override G_STRIDE: u32; // vec4s from row to row of gate
override Y_STRIDE: u32; // vec4s from row to row of y
@group(0) @binding(1) var<storage, read> w: array<vec4<f32>>; // [D4]
@group(0) @binding(2) var<storage, read> gate: array<vec4<f32>>; // [T, G_STRIDE]
@group(0) @binding(3) var<storage, read_write> y: array<vec4<f32>>; // [T, Y_STRIDE]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let head = workgroup.y * Y_STRIDE + workgroup.x * D4;
  let gates = workgroup.y * G_STRIDE + select(workgroup.x * D4, 0u, SINGLE);
  var factor = 1.0;
  if (NORM) {
    var part = 0.0;
    for (var d = local; d < D4; d += WORKGROUP) {
      part += dot(y[head + d], y[head + d]);
    }
    factor = 1.0 / sqrt(tree_sum(part, local) / f32(4u * D4) + EPSILON);
  }
  for (var d = local; d < D4; d += WORKGROUP) {
    var value = y[head + d];
    if (NORM) {
      value *= factor * w[d];
    }
    var g = gate[gates + select(d, 0u, SINGLE)];
    if (SINGLE) {
      g = vec4<f32>(g.x);
    }
    let top = select(vec4<f32>(1.0), g, SILU);
    y[head + d] = value * top / (1.0 + exp(-g));
  }
}
