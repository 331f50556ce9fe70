// y = FACTOR · y, then, unless CAP is 0, y = CAP · tanh(y / CAP). One thread four elements.
// Reference: the same in double precision, in tests/gpu/kernels.test.ts.
override WIDTH: u32; // vec4s of a row that count
override STRIDE: u32; // vec4s from row to row
override FACTOR: f32;
override CAP: f32;
@group(0) @binding(1) var<storage, read_write> y: array<vec4<f32>>; // [T, STRIDE]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= WIDTH) {
    return;
  }
  let index = id.y * STRIDE + id.x;
  let value = FACTOR * y[index];
  if (CAP > 0.0) {
    y[index] = CAP * bounded_tanh(value / CAP);
  } else {
    y[index] = value;
  }
}
