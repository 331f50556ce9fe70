// Token embedding: y[t,c] = W[ids[t],c], from the rows that this part of the matrix holds.
// One thread a tile (8 elements) of one token. Reference: dequantised rows, in tests/gpu/embed.test.ts.
@group(0) @binding(3) var<storage, read> ids: array<u32>; // [T]
@group(0) @binding(4) var<storage, read_write> y: array<vec4<f32>>; // [T, y_stride]

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let block = id.x / 4u;
  let j = id.x % 4u;
  let token = id.y;
  let group = ids[token] / 4u - matrix.first_group;
  // Wraps around for a row before this part.
  if (block >= matrix.blocks || group >= matrix.groups) {
    return;
  }
  let row = ids[token] % 4u;
  let tile = load_tile(group, block, j);
  let scale = load_scale(group, block);
  let index = token * matrix.y_stride + block * 8u + j;
  var near = vec4<f32>();
  var far = vec4<f32>();
  for (var c = 0u; c < 4u; c++) {
    near[c] = near_value(scale, tile.near[c] * NEAR_FACTORS[c])[row];
    far[c] = far_value(scale, tile.far[c] * FAR_FACTORS[c])[row];
  }
  y[index] = near;
  y[index + 4u] = far;
}
