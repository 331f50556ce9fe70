// y = factor · y, the factor one of the model's weights. One thread four elements.
// Reference: the same in double precision, in tests/gpu/kernels.test.ts.
override WIDTH: u32; // vec4s of a row that count
override STRIDE: u32; // vec4s from row to row
@group(0) @binding(1) var<storage, read> factor: array<f32>; // [1]
@group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>; // [T, STRIDE]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x < WIDTH) {
    y[id.y * STRIDE + id.x] *= factor[0];
  }
}
