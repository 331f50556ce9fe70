// y[t,f] = gate · σ(gate) · up; with GELU, σ of 2·√(2/π) · (gate + 0.044715 · gate³), which is gelu in its form with tanh.
// Gate and up lie side by side in a row of x. One thread four elements.
// Reference: gate() in tests/gpu/reference.ts.
override WIDTH: u32; // vec4s of gate, and of up
override X_STRIDE: u32; // vec4s from row to row of x
override Y_STRIDE: u32; // vec4s from row to row of y
override GELU: bool;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>; // [T, X_STRIDE]
@group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>; // [T, Y_STRIDE]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= WIDTH) {
    return;
  }
  let gate = x[id.y * X_STRIDE + id.x];
  let up = x[id.y * X_STRIDE + WIDTH + id.x];
  var turn = gate;
  if (GELU) {
    turn = 1.5957691 * gate * (1.0 + 0.044715 * gate * gate);
  }
  y[id.y * Y_STRIDE + id.x] = gate / (1.0 + exp(-turn)) * up;
}
