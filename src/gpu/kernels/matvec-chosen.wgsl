// The product of each row with its chosen experts' rows of one or several stacks of matrices: part (t, rank) of y is
// W[e] · x, e the rank-th expert of row t, of every stack one after the other. Only the chosen experts' rows are read.
// THREADS threads share a group of four rows, as in matvec.wgsl.
// Reference: the interpreter in tests/fixtures/graph-interpreter.ts.
override THREADS: u32; // threads that share a row: a power of two
override WORKGROUP: u32; // a multiple of THREADS
override EXPERTS: u32; // in a stack
override EXPERT_GROUPS: u32; // groups of four rows of an expert, in a stack
override PART_GROUPS: u32; // of all stacks: vec4s of a part of y
override USED: u32; // experts of a row
override X_PART: u32; // vec4s from expert to expert of x; 0 where they share the row
override CHOICE_STRIDE: u32; // words from row to row of choice
@group(0) @binding(3) var<storage, read> choice: array<u32>; // [T, CHOICE_STRIDE]
@group(0) @binding(4) var<storage, read> x: array<vec4<f32>>; // [T, x_stride]
@group(0) @binding(5) var<storage, read_write> y: array<vec4<f32>>; // [T, y_stride]

var<workgroup> parts: array<vec4<f32>, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let out = workgroup.x * (WORKGROUP / THREADS) + local / THREADS;
  let token = workgroup.y / USED;
  let rank = workgroup.y % USED;
  let expert = choice[token * CHOICE_STRIDE + rank];
  let stack = out / EXPERT_GROUPS;
  // Wraps around for a group before this part of the matrix.
  let group = (stack * EXPERTS + expert) * EXPERT_GROUPS + out % EXPERT_GROUPS - matrix.first_group;
  let here = out < PART_GROUPS && group < matrix.groups;
  let row = token * matrix.x_stride + rank * X_PART;
  var sum = vec4<f32>();
  if (here) {
    for (var index = local % THREADS; index < matrix.blocks * 4u; index += THREADS) {
      let block = index >> 2u;
      let j = index & 3u;
      let tile = load_tile(group, block, j);
      let near = x[row + block * 8u + j];
      let far = x[row + block * 8u + j + 4u];
      let sums = sums_of(tile.near * (near * NEAR_FACTORS), tile.far * (far * FAR_FACTORS));
      sum += scaled(load_scale(group, block), sums, total_of(near, far));
    }
  }
  parts[local] = sum;
  for (var step = THREADS / 2u; step > 0u; step /= 2u) {
    workgroupBarrier();
    if (local % THREADS < step) {
      parts[local] += parts[local + step];
    }
  }
  if (here && local % THREADS == 0u) {
    y[token * matrix.y_stride + rank * PART_GROUPS + out] = parts[local];
  }
}
