// Adds a bias to a part of each row: y[t, OFFSET + c] += b[c]. One thread four elements.
// Reference: plain sums, in tests/gpu/kernels.test.ts.
override WIDTH: u32; // vec4s of the bias, filled up with zeros
override OFFSET: u32; // vec4s of a row before its part
override STRIDE: u32; // vec4s from row to row of y
@group(0) @binding(1) var<storage, read> b: array<vec4<f32>>; // [WIDTH]
@group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>; // [T, STRIDE]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x < WIDTH) {
    y[id.y * STRIDE + OFFSET + id.x] += b[id.x];
  }
}
