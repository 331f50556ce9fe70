// Token embedding: y[t,c] = W[ids[t],c], from the rows FIRST_ROW … of the vocabulary that this matrix holds.
// One thread a tile (8 elements) of one token. Reference: dequantised rows, in tests/gpu/embed.test.ts.
override FIRST_ROW: u32;
override Y_STRIDE: u32; // vec4s from row to row of y
@group(0) @binding(2) var<storage, read> ids: array<u32>; // [T]
@group(0) @binding(3) var<storage, read_write> y: array<vec4<f32>>; // [T, Y_STRIDE]

fn dequantise(tile: mat4x4<f32>, factors: vec4<f32>, scale: Scale, row: u32) -> vec4<f32> {
  let elements = vec4<f32>(tile[0][row], tile[1][row], tile[2][row], tile[3][row]) * factors;
  return elements * scale.scale[row] + scale.minimum[row];
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let block = id.x / 4u;
  let j = id.x % 4u;
  let token = id.y;
  let row = ids[token] - FIRST_ROW;
  if (block >= BLOCKS || ids[token] < FIRST_ROW || row / 4u >= GROUPS) {
    return;
  }
  let tile = load_tile(row / 4u, block, j);
  let scale = load_scale(row / 4u, block);
  let index = token * Y_STRIDE + block * 8u + j;
  y[index] = dequantise(tile.near, NEAR_FACTORS, scale, row % 4u);
  y[index + 4u] = dequantise(tile.far, FAR_FACTORS, scale, row % 4u);
}
