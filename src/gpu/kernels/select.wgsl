// The first `keep` candidates of each chunk, in order. One workgroup a chunk and a row, a bitonic sort in
// workgroup memory that goes no further than it must: blocks of `keep` are sorted, falling and rising by turns; then,
// until one is left, of every two blocks the better half is kept (element by element: together they are a bitonic
// sequence) and merged. Reference: select() in tests/gpu/reference.ts.
override CHUNK: u32; // the largest chunk: a power of two, at least the largest `keep`; so is `task.chunk`
override WORKGROUP: u32;
@group(0) @binding(3) var<storage, read_write> chosen: array<u32>; // [result + T, 2 · target_stride]: logit, id, logit, id, …

var<workgroup> items: array<Candidate, CHUNK>;

// Puts items[low] and items[high] in falling or rising order.
fn order(low: u32, high: u32, falling: bool) {
  let a = items[low];
  let b = items[high];
  if (before(b, a) == falling) {
    items[low] = b;
    items[high] = a;
  }
}

// Where the `index`-th item is when blocks of `size` lie `size · gap` apart.
fn place(index: u32, size: u32, gap: u32) -> u32 {
  let inside = index & (size - 1u);
  return (index - inside) * gap + inside;
}

// One step of a bitonic merge over `count` items in blocks of `size` that lie `size · gap` apart. All are powers of two.
fn merge_step(local: u32, count: u32, size: u32, gap: u32, step: u32) {
  for (var pair = local; pair < count / 2u; pair += WORKGROUP) {
    let index = 2u * pair - (pair & (step - 1u));
    let low = place(index, size, gap);
    order(low, low + step, (index & size) == 0u);
  }
  workgroupBarrier();
}

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let keep = task.keep;
  let row = workgroup.y;
  for (var index = local; index < task.chunk; index += WORKGROUP) {
    items[index] = candidate(row, workgroup.x * task.chunk + index);
  }
  workgroupBarrier();
  for (var size = 2u; size <= keep; size *= 2u) {
    for (var step = size / 2u; step > 0u; step /= 2u) {
      merge_step(local, task.chunk, size, 1u, step);
    }
  }
  var gap = 1u;
  for (var count = task.chunk / 2u; count >= keep; count /= 2u) {
    for (var index = local; index < count; index += WORKGROUP) {
      let low = place(index, keep, 2u * gap);
      let high = low + keep * gap;
      if (before(items[high], items[low])) {
        items[low] = items[high];
      }
    }
    gap *= 2u;
    workgroupBarrier();
    for (var step = keep / 2u; step > 0u; step /= 2u) {
      merge_step(local, count, keep, gap, step);
    }
  }
  for (var index = local; index < keep; index += WORKGROUP) {
    let to = 2u * ((task.result + row) * task.target_stride + workgroup.x * keep + index);
    chosen[to] = bitcast<u32>(items[index].logit);
    chosen[to + 1u] = items[index].id;
  }
}
