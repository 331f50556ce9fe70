// The product of matvec.wgsl for a processor that plays a GPU. A workgroup is four threads, one vector register; a thread
// computes G groups of four rows for T tokens, all of their blocks. Loads cost most there, one for each thread even where
// all want the same: so each thread loads a quarter of a block of x and hands it round. An element is used up before the
// next is decoded, which keeps few values alive. Reference: multiply() in tests/gpu/reference.ts.
@group(0) @binding(3) var<storage, read> x: array<vec4<f32>>; // [tokens, x_stride]
@group(0) @binding(4) var<storage, read_write> y: array<vec4<f32>>; // [tokens, y_stride]

fn store(group: u32, token: u32, value: vec4<f32>) {
  if (group < matrix.groups && token < task.tokens) {
    let index = token * matrix.y_stride + matrix.first_group + group;
    y[index] = select(value, y[index] + value, matrix.add == 1u);
  }
}

@compute @workgroup_size(4)
fn main(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(num_workgroups) workgroups: vec3<u32>,
  @builtin(local_invocation_index) local: u32,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let first = ((workgroup.z * workgroups.x + workgroup.x) * 4u + local) * G;
  let token = workgroup.y * T;
  let group{g} = min(first + {g}u, matrix.groups - 1u);
  let row{t} = min(token + {t}u, task.tokens - 1u) * matrix.x_stride;
  var y{g}_{t} = vec4<f32>();
  for (var block = 0u; block < matrix.blocks; block++) {
    let near{t} = x[row{t} + block * 8u + lane];
    let far{t} = x[row{t} + block * 8u + lane + 4u];
    let part{t} = total_of(near{t}, far{t});
    let total{t} = subgroupBroadcast(part{t}, 0u) + subgroupBroadcast(part{t}, 1u) + subgroupBroadcast(part{t}, 2u) + subgroupBroadcast(part{t}, 3u);
    let nearer{t} = near{t} * NEAR_FACTORS;
    let farther{t} = far{t} * FAR_FACTORS;
    var sums{g}_{t} = Sums();
    // each j
    let near{t}_{j} = subgroupBroadcast(nearer{t}, {j}u);
    let far{t}_{j} = subgroupBroadcast(farther{t}, {j}u);
    // each g
    let words{g}_{j} = load_words(group{g}, block, {j}u);
    // each c
    let near{g}_{j}_{c} = near_{c}(words{g}_{j});
    sums{g}_{t} = add_near(sums{g}_{t}, near{g}_{j}_{c} * near{t}_{j}[{c}]);
    let far{g}_{j}_{c} = far_{c}(words{g}_{j});
    sums{g}_{t} = add_far(sums{g}_{t}, far{g}_{j}_{c} * far{t}_{j}[{c}]);
    // end
    // end
    // end
    let scale{g} = load_scale(group{g}, block);
    y{g}_{t} += scaled(scale{g}, sums{g}_{t}, total{t});
  }
  // One loop over an array, not a copy of the code for each: it is long, and runs once.
  var sums: array<vec4<f32>, G * T>;
  sums[{g}u * T + {t}u] = y{g}_{t};
  for (var index = 0u; index < G * T; index++) {
    store(first + index / T, token + index % T, sums[index]);
  }
}
