// Matrix times a few vectors: y[t,r] = Σ_c W[r,c] · x[t,c], or that added to what y holds.
// A thread computes G groups of four rows for T tokens, so that a decoded weight serves T tokens and a loaded
// activation 4·G rows. THREADS threads share a row's blocks and add their parts up in workgroup memory; 1 on software
// adapters, where a thread is a lane of a slow processor and neighbours gain nothing from each other.
// Reference: multiply() in tests/gpu/reference.ts. A line with {t} or {g} stands for one such line each.
override THREADS: u32; // threads that share a row: a power of two
override WORKGROUP: u32; // a multiple of THREADS
@group(0) @binding(3) var<storage, read> x: array<vec4<f32>>; // [tokens, x_stride]
@group(0) @binding(4) var<storage, read_write> y: array<vec4<f32>>; // [tokens, y_stride]

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
  for (var block = local % THREADS; block < matrix.blocks; block += THREADS) {
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
  // One loop over an array, not a copy of the code for each: it is long, and runs once.
  var sums: array<vec4<f32>, G * T>;
  sums[{g}u * T + {t}u] = y{g}_{t};
  for (var index = 0u; index < G * T; index++) {
    let sum = gather_parts(sums[index], local);
    if (local % THREADS == 0u) {
      store(first + index / T, token + index % T, sum);
    }
  }
}
