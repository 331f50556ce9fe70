// The vocabulary mask: bit id % 32 of word id / 32 set allows a token.
@group(0) @binding(2) var<storage, read> mask: array<u32>; // [V / 32]

fn allowed(id: u32) -> bool {
  return task.masked == 0u || ((mask[id / 32u] >> (id % 32u)) & 1u) == 1u;
}
