// Matrix times many vectors: y[t,r] = Σ_c W[r,c] · x[t,c], or that added to what y holds. For prefill on a real GPU.
// A workgroup computes 64 rows for 32 tokens, a thread 2 groups of four rows for 4 of them. Block after block, each
// thread decodes one tile of W and fetches its share of x into workgroup memory, which all then multiply from: a weight
// is decoded once for 32 tokens. Reference: multiply() in tests/gpu/reference.ts.
// A line with {t} or {g} stands for one such line each: a thread's tokens and groups.
const GROUP_TILE = 16u; // groups of four rows of a workgroup
const TOKEN_TILE = 32u;
const VECTORS = 8u; // vec4s of a block of x
@group(0) @binding(3) var<storage, read> x: array<vec4<f32>>; // [tokens, x_stride]
@group(0) @binding(4) var<storage, read_write> y: array<vec4<f32>>; // [tokens, y_stride]

var<workgroup> weights: array<vec4<f32>, 512>; // [32 elements, GROUP_TILE]
var<workgroup> inputs: array<vec4<f32>, 256>; // [TOKEN_TILE, VECTORS]

// A column of a tile, decoded, as element `element` of the block.
fn keep(value: vec4<f32>, element: u32, group: u32) {
  weights[element * GROUP_TILE + group] = value;
}

fn store(group: u32, token: u32, value: vec4<f32>) {
  if (group < matrix.groups && token < task.tokens) {
    let index = token * matrix.y_stride + matrix.first_group + group;
    y[index] = select(value, y[index] + value, matrix.add == 1u);
  }
}

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let first_group = (workgroup.z * workgroups.x + workgroup.x) * GROUP_TILE;
  let first_token = workgroup.y * TOKEN_TILE;
  let decoded = local % GROUP_TILE;
  let group = min(first_group + decoded, matrix.groups - 1u);
  let j = local / GROUP_TILE;
  let column = local % 8u;
  let token = local / 8u * 4u;
  var y{g}_{t} = vec4<f32>();
  for (var block = 0u; block < matrix.blocks; block++) {
    let tile = load_tile(group, block, j);
    let scale = load_scale(group, block);
    for (var c = 0u; c < 4u; c++) {
      keep(near_value(scale, tile.near[c] * NEAR_FACTORS[c]), j * 4u + c, decoded);
      keep(far_value(scale, tile.far[c] * FAR_FACTORS[c]), (j + 4u) * 4u + c, decoded);
    }
    for (var index = local; index < TOKEN_TILE * VECTORS; index += 64u) {
      let row = min(first_token + index / VECTORS, task.tokens - 1u);
      inputs[index] = x[row * matrix.x_stride + block * VECTORS + index % VECTORS];
    }
    workgroupBarrier();
    for (var k = 0u; k < VECTORS; k++) {
      let x{t} = inputs[(token + {t}u) * VECTORS + k];
      let w{g}_0 = weights[(k * 4u + 0u) * GROUP_TILE + column + {g}u * 8u];
      let w{g}_1 = weights[(k * 4u + 1u) * GROUP_TILE + column + {g}u * 8u];
      let w{g}_2 = weights[(k * 4u + 2u) * GROUP_TILE + column + {g}u * 8u];
      let w{g}_3 = weights[(k * 4u + 3u) * GROUP_TILE + column + {g}u * 8u];
      y{g}_{t} += w{g}_0 * x{t}.x + w{g}_1 * x{t}.y + w{g}_2 * x{t}.z + w{g}_3 * x{t}.w;
    }
    workgroupBarrier();
  }
  store(first_group + column + {g}u * 8u, first_token + token + {t}u, y{g}_{t});
}
