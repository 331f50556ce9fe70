// Matrix times a few vectors: y[t,r] = Σ_c W[r,c] · x[t,c], added to what y holds when ADD.
// A thread computes G groups of four rows for T tokens, so that a decoded weight serves T tokens and a loaded
// activation 4·G rows. THREADS threads share a row's blocks and add their parts up in workgroup memory; 1 on software
// adapters, where a thread is a lane of a slow processor and neighbours gain nothing from each other.
// Reference: multiply() in tests/gpu/reference.ts. A line with {t} or {g} stands for one such line each.
override X_STRIDE: u32; // vec4s from row to row of x; what x holds beyond its row is 0
override Y_STRIDE: u32; // vec4s from row to row of y
override Y_FIRST: u32; // vec4s before the matrix's first row in a row of y
override ADD: bool;
override THREADS: u32; // threads that share a row: a power of two
override WORKGROUP: u32; // a multiple of THREADS
@group(0) @binding(2) var<storage, read> x: array<vec4<f32>>; // [tokens, X_STRIDE]
@group(0) @binding(3) var<storage, read_write> y: array<vec4<f32>>; // [tokens, Y_STRIDE]

var<workgroup> parts: array<vec4<f32>, WORKGROUP>;

// Adds up the parts of the threads that share a row; the first of them gets the sum.
fn gather_parts(part: vec4<f32>, local: u32) -> vec4<f32> {
  if (THREADS == 1u) {
    return part;
  }
  workgroupBarrier();
  parts[local] = part;
  for (var step = THREADS / 2u; step > 0u; step /= 2u) {
    workgroupBarrier();
    if (local % THREADS < step) {
      parts[local] += parts[local + step];
    }
  }
  return parts[local];
}

fn store(group: u32, token: u32, value: vec4<f32>) {
  if (group >= GROUPS || token >= task.tokens) {
    return;
  }
  let index = token * Y_STRIDE + Y_FIRST + group;
  if (ADD) {
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
  let group{g} = min(first + {g}u, GROUPS - 1u);
  let row{t} = min(token + {t}u, task.tokens - 1u) * X_STRIDE;
  var y{g}_{t} = vec4<f32>();
  for (var block = local % THREADS; block < BLOCKS; block += THREADS) {
    var sum{g}_{t} = vec4<f32>();
    var total{t} = 0.0;
    for (var j = 0u; j < 4u; j++) {
      let tile{g} = load_tile(group{g}, block, j);
      let near{t} = x[row{t} + block * 8u + j];
      let far{t} = x[row{t} + block * 8u + j + 4u];
      total{t} += dot(near{t} + far{t}, vec4<f32>(1.0));
      let nearer{t} = near{t} * NEAR_FACTORS;
      let farther{t} = far{t} * FAR_FACTORS;
      sum{g}_{t} += tile{g}.near * nearer{t} + tile{g}.far * farther{t};
    }
    let scale{g} = load_scale(group{g}, block);
    y{g}_{t} += scale{g}.scale * sum{g}_{t} + scale{g}.minimum * total{t};
  }
  y{g}_{t} = gather_parts(y{g}_{t}, local);
  if (local % THREADS == 0u) {
    store(first + {g}u, token + {t}u, y{g}_{t});
  }
}
