// Adds to a part of each row: y[t, OFFSET + c] += SCALE · x[t, c]. One thread four elements.
// Reference: plain sums, in tests/gpu/kernels.test.ts.
override WIDTH: u32; // vec4s of x's row
override OFFSET: u32; // vec4s of a row of y before its part
override X_STRIDE: u32; // vec4s from row to row of x; 0 adds one row to all
override Y_STRIDE: u32; // vec4s from row to row of y
override SCALE: f32;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>; // [T, X_STRIDE]
@group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>; // [T, Y_STRIDE]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x < WIDTH) {
    y[id.y * Y_STRIDE + OFFSET + id.x] += SCALE * x[id.y * X_STRIDE + id.x];
  }
}
