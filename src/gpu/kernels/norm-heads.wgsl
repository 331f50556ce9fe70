// RMS norm of each query head and each key head of a row, in place: h[d] = h[d] / sqrt(mean_d(h²) + EPSILON) · w[d], w of
// the queries or of the keys; of value heads, where they are dispatched, w is 1. One workgroup a head.
// Reference: rmsNorm() in tests/gpu/reference.ts, head by head.
override H: u32; // query heads; the key heads follow, then the value heads
override K: u32; // key heads
override D4: u32; // D / 4
override EPSILON: f32;
override STRIDE: u32; // vec4s from row to row of qkv
@group(0) @binding(1) var<storage, read> query: array<vec4<f32>>; // [D4]
@group(0) @binding(2) var<storage, read> key: array<vec4<f32>>; // [D4]
@group(0) @binding(3) var<storage, read_write> qkv: array<vec4<f32>>; // [T, STRIDE]

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let head = workgroup.y * STRIDE + workgroup.x * D4;
  var part = 0.0;
  for (var d = local; d < D4; d += WORKGROUP) {
    part += dot(qkv[head + d], qkv[head + d]);
  }
  let factor = 1.0 / sqrt(tree_sum(part, local) / f32(4u * D4) + EPSILON);
  for (var d = local; d < D4; d += WORKGROUP) {
    let weights = select(key[d], query[d], workgroup.x < H);
    let w = select(vec4<f32>(1.0), weights, workgroup.x < H + K);
    qkv[head + d] = qkv[head + d] * factor * w;
  }
}
