// y[t,f] = gate · σ(gate) · up; with GELU, σ of 2·√(2/π) · (gate + 0.044715 · gate³), which is gelu in its form with tanh.
// With CLAMPED, gpt-oss's: σ of 1.702 · gate, gate at most 7, up between -7 and 7 and one more. Gate and up lie side by side in a row of x. One thread four elements.
// Reference: gate() in tests/gpu/reference.ts.
override WIDTH: u32; // vec4s of gate, and of up
override X_STRIDE: u32; // vec4s from row to row of x
override Y_STRIDE: u32; // vec4s from row to row of y
override GELU: bool;
override CLAMPED: bool;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>; // [T, X_STRIDE]
@group(0) @binding(2) var<storage, read_write> y: array<vec4<f32>>; // [T, Y_STRIDE]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= WIDTH) {
    return;
  }
  var gate = x[id.y * X_STRIDE + id.x];
  var up = x[id.y * X_STRIDE + WIDTH + id.x];
  var turn = gate;
  if (GELU) {
    turn = 1.5957691 * gate * (1.0 + 0.044715 * gate * gate);
  }
  if (CLAMPED) {
    gate = min(gate, vec4<f32>(7.0));
    up = clamp(up, vec4<f32>(-7.0), vec4<f32>(7.0)) + 1.0;
    turn = 1.702 * gate;
  }
  y[id.y * Y_STRIDE + id.x] = gate / (1.0 + exp(-turn)) * up;
}
