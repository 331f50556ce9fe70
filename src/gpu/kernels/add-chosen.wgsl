// Adds up the parts of each row's chosen experts: y[t, c] = Σ weight · x[t, rank, c], or with ADD that added to y. One thread a vec4.
// Reference: the interpreter in tests/fixtures/graph-interpreter.ts.
override WIDTH: u32; // vec4s of a part
override USED: u32; // experts of a row
override X_STRIDE: u32; // vec4s from row to row of x
override Y_STRIDE: u32; // vec4s from row to row of y
override CHOICE_STRIDE: u32; // words from row to row of choice
override ADD: bool;
@group(0) @binding(1) var<storage, read> choice: array<u32>; // [T, CHOICE_STRIDE]
@group(0) @binding(2) var<storage, read> x: array<vec4<f32>>; // [T, X_STRIDE]
@group(0) @binding(3) var<storage, read_write> y: array<vec4<f32>>; // [T, Y_STRIDE]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x < WIDTH) {
    var sum = vec4<f32>();
    for (var rank = 0u; rank < USED; rank++) {
      let weight = bitcast<f32>(choice[id.y * CHOICE_STRIDE + USED + rank]);
      sum += weight * x[id.y * X_STRIDE + rank * WIDTH + id.x];
    }
    let index = id.y * Y_STRIDE + id.x;
    if (ADD) {
      y[index] += sum;
    } else {
      y[index] = sum;
    }
  }
}
