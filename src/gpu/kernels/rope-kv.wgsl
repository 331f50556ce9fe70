// Rotary position embedding of llama's interleaved pairs, (a, b) -> (a·cos - b·sin, a·sin + b·cos), on queries in place,
// times SCALE,
// and on keys into the cache; values go into the cache as they are. Cosines and sines come from the CPU in double
// precision: a GPU's own are only good near 0. One thread four dimensions of one head.
// Reference: rope() in tests/gpu/reference.ts.
override H: u32; // query heads
override STRIDE: u32; // vec4s from row to row of qkv
override SCALE: f32; // of scores
override ANGLES: u32; // vec4s from row to row of angles
override ROTATION: u32; // vec4s of a row's rotations before the one that is used
@group(0) @binding(1) var<storage, read> angles: array<vec4<f32>>; // [T, ANGLES], (cos, sin) of two pairs each
@group(0) @binding(2) var<storage, read> pages: array<u32>; // see kv-cache.wgsl
@group(0) @binding(3) var<storage, read_write> qkv: array<vec4<f32>>; // [T, STRIDE]: H query, K key, K value heads
@group(0) @binding(4) var<storage, read_write> cache: array<vec4<f32>>; // [pages, 2 · K · PAGE · D4]

fn rotate(v: vec4<f32>, angle: vec4<f32>) -> vec4<f32> {
  return vec4<f32>(
    v.x * angle.x - v.y * angle.y,
    v.x * angle.y + v.y * angle.x,
    v.z * angle.z - v.w * angle.w,
    v.z * angle.w + v.w * angle.z,
  );
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let head = id.x / D4;
  let d = id.x % D4;
  if (head >= H + 2u * K) {
    return;
  }
  let index = id.y * STRIDE + id.x;
  let angle = angles[id.y * ANGLES + ROTATION + d];
  let position = position_of(id.y);
  let page = pages[table_of(id.y) + position / PAGE];
  if (head < H) {
    qkv[index] = SCALE * rotate(qkv[index], angle);
  } else if (head < H + K) {
    cache[key_index(page, head - H, slot_of(position), d)] = rotate(qkv[index], angle);
  } else {
    cache[value_index(page, head - H - K, slot_of(position), d)] = qkv[index];
  }
}
