// SwiGLU: y[t,f] = gate / (1 + exp(-gate)) · up, gate and up side by side in a row of x. One thread four elements.
// Reference: swiglu() in tests/gpu/reference.ts.
override WIDTH: u32; // vec4s of gate, and of up
override X_STRIDE: u32; // vec4s from row to row of x
override Y_STRIDE: u32; // vec4s from row to row of y
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>; // [T, X_STRIDE]
@group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>; // [T, Y_STRIDE]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= WIDTH) {
    return;
  }
  let gate = x[id.y * X_STRIDE + id.x];
  let up = x[id.y * X_STRIDE + WIDTH + id.x];
  y[id.y * Y_STRIDE + id.x] = gate / (1.0 + exp(-gate)) * up;
}
