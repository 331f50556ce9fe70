// Matrix times a few vectors: y[t,r] = Σ_c W[r,c] · x[t,c], or that added to what y holds.
// A thread computes G groups of four rows for T tokens, so that a decoded weight serves T tokens and a loaded
// activation 4·G rows. THREADS threads share a row: neighbours take neighbouring tiles of 8 elements, so that what they
// load lies side by side, and their parts are added up as a tree in workgroup memory. 1 on software adapters, where a
// thread is a lane of a slow processor and neighbours gain nothing from each other.
// Reference: multiply() in tests/gpu/reference.ts. A line with {t}, {g} or {u} stands for one such line each.
override THREADS: u32; // threads that share a row: a power of two
override WORKGROUP: u32; // a multiple of THREADS
@group(0) @binding(3) var<storage, read> x: array<vec4<f32>>; // [tokens, x_stride]
@group(0) @binding(4) var<storage, read_write> y: array<vec4<f32>>; // [tokens, y_stride]

const SUMS = G * T; // of a thread
var<workgroup> parts: array<vec4<f32>, WORKGROUP * SUMS>; // [SUMS, WORKGROUP]

// Adds up the parts of the threads that share a row; the first of them has the sums.
fn gather_parts(local: u32) {
  for (var step = THREADS / 2u; step > 0u; step /= 2u) {
    workgroupBarrier();
    if (local % THREADS < step) {
      for (var index = local; index < WORKGROUP * SUMS; index += WORKGROUP) {
        parts[index] += parts[index + step];
      }
    }
  }
}

fn store(group: u32, token: u32, value: vec4<f32>) {
  if (group >= matrix.groups || token >= task.tokens) {
    return;
  }
  let index = token * matrix.y_stride + matrix.first_group + group;
  if (matrix.add == 1u) {
    y[index] += value;
  } else {
    y[index] = value;
  }
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
) {
  let first = ((workgroup.z * workgroups.x + workgroup.x) * (WORKGROUP / THREADS) + local / THREADS) * G;
  let token = workgroup.y * T;
  let group{g} = min(first + {g}u, matrix.groups - 1u);
  let row{t} = min(token + {t}u, task.tokens - 1u) * matrix.x_stride;
  var y{g}_{t} = vec4<f32>();
  let tiles = matrix.blocks * 4u;
  for (var start = local % THREADS; start < tiles; start += U * THREADS) {
    // Loads first: a thread waits once for all of them.
    let tile_{u} = min(start + {u}u * THREADS, tiles - 1u);
    let block_{u} = tile_{u} >> 2u;
    let j_{u} = tile_{u} & 3u;
    let words{g}_{u} = load_words(group{g}, block_{u}, j_{u});
    let scale{g}_{u} = load_scale(group{g}, block_{u});
    // each u
    if (start + {u}u * THREADS < tiles) {
      let tile{g} = unpack_tile(words{g}_{u});
      let near{t} = x[row{t} + block_{u} * 8u + j_{u}];
      let far{t} = x[row{t} + block_{u} * 8u + j_{u} + 4u];
      let total{t} = total_of(near{t}, far{t});
      let sums{g}_{t} = sums_of(tile{g}.near * (near{t} * NEAR_FACTORS), tile{g}.far * (far{t} * FAR_FACTORS));
      y{g}_{t} += scaled(scale{g}_{u}, sums{g}_{t}, total{t});
    }
    // end
  }
  parts[({g}u * T + {t}u) * WORKGROUP + local] = y{g}_{t};
  gather_parts(local);
  if (local % THREADS == 0u) {
    for (var index = 0u; index < SUMS; index++) {
      store(first + index / T, token + index % T, parts[index * WORKGROUP + local]);
    }
  }
}
