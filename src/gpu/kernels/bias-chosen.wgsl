// Adds to each chosen expert's part of each row the expert's vector: y[t, rank, OFFSET + c] += b[e, c]. One thread a vec4.
// Reference: the interpreter in tests/fixtures/graph-interpreter.ts.
override WIDTH: u32; // vec4s of a vector
override OFFSET: u32; // vec4s of a part before what is added to
override PART: u32; // vec4s of an expert's part of a row
override USED: u32; // experts of a row
override STRIDE: u32; // vec4s from row to row of y
override CHOICE_STRIDE: u32; // words from row to row of choice
@group(0) @binding(1) var<storage, read> choice: array<u32>; // [T, CHOICE_STRIDE]
@group(0) @binding(2) var<storage, read> b: array<vec4<f32>>; // [experts, WIDTH]
@group(0) @binding(3) var<storage, read_write> y: array<vec4<f32>>; // [T, STRIDE]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x < WIDTH) {
    let token = id.y / USED;
    let rank = id.y % USED;
    let expert = choice[token * CHOICE_STRIDE + rank];
    y[token * STRIDE + rank * PART + OFFSET + id.x] += b[expert * WIDTH + id.x];
  }
}
