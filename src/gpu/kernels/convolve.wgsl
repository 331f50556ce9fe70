// x[t,c] = silu(Σ_k taps[c,k] · x[t-3+k,c]) in place, over a session's rows; the three rows before them come from its state,
// the last three go to the next. One thread four elements of a session.
// Reference: convolve() in tests/gpu/reference.ts.
override WIDTH: u32; // vec4s of a row
override STRIDE: u32; // vec4s from row to row of x
override PAGE: u32; // vec4s of a state
override ROWS_AT: u32; // vec4s of a state before its rows
@group(0) @binding(2) var<storage, read> taps: array<vec4<f32>>; // [4 · WIDTH], an element's taps
@group(0) @binding(3) var<storage, read_write> x: array<vec4<f32>>; // [T, STRIDE]
@group(0) @binding(4) var<storage, read_write> states: array<vec4<f32>>; // [pages, PAGE]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= WIDTH) {
    return;
  }
  let session = sessions[id.y];
  let by_tap = transpose(mat4x4<f32>(taps[4u * id.x], taps[4u * id.x + 1u], taps[4u * id.x + 2u], taps[4u * id.x + 3u]));
  var x0 = vec4<f32>();
  var x1 = vec4<f32>();
  var x2 = vec4<f32>();
  if (session.z != NO_STATE) {
    let rows = session.z * PAGE + ROWS_AT + id.x;
    x0 = states[rows];
    x1 = states[rows + WIDTH];
    x2 = states[rows + 2u * WIDTH];
  }
  for (var t = 0u; t < session.y; t++) {
    let at = (session.x + t) * STRIDE + id.x;
    let x3 = x[at];
    let sum = by_tap[0] * x0 + by_tap[1] * x1 + by_tap[2] * x2 + by_tap[3] * x3;
    x[at] = sum / (1.0 + exp(-sum));
    x0 = x1;
    x1 = x2;
    x2 = x3;
  }
  let rows = session.w * PAGE + ROWS_AT + id.x;
  states[rows] = x0;
  states[rows + WIDTH] = x1;
  states[rows + 2u * WIDTH] = x2;
}
