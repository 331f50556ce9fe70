// The sum of every thread's part, the same in all of them: added as a tree, so that it does not depend on who is first.
override WORKGROUP: u32; // a power of two

var<workgroup> parts: array<f32, WORKGROUP>;

fn tree_sum(part: f32, local: u32) -> f32 {
  parts[local] = part;
  for (var step = WORKGROUP / 2u; step > 0u; step /= 2u) {
    workgroupBarrier();
    if (local < step) {
      parts[local] += parts[local + step];
    }
  }
  workgroupBarrier();
  return parts[0];
}
