// A weight matrix as it lies on the device (src/gpu/repack.ts): groups of four rows; in a group first the scales,
// then the quants, each word of a row beside the same word of the three other rows. So one vec4 load serves four
// rows, and neighbouring blocks are neighbours in memory.
//
// A tile is 8 elements of each of four rows: elements 4j … 4j+3 (near) and 16+4j … 16+4j+3 (far) of a block of 32,
// one column an element. That is how Q4 packs its nibbles; the other types follow.
struct Tile {
  near: mat4x4<f32>,
  far: mat4x4<f32>,
}

// A block's values are scale · element + minimum, for each of four rows.
struct Scale {
  scale: vec4<f32>,
  minimum: vec4<f32>,
}

override BLOCKS: u32; // blocks of 32 elements in a row
override GROUPS: u32; // groups of four rows
@group(0) @binding(1) var<storage, read> w: array<vec4<u32>>; // [GROUPS, GROUP_VECTORS]

fn low_halves(words: vec4<u32>) -> vec4<f32> {
  return vec4<f32>(
    unpack2x16float(words.x).x,
    unpack2x16float(words.y).x,
    unpack2x16float(words.z).x,
    unpack2x16float(words.w).x,
  );
}
