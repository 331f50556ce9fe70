// A weight matrix as it lies on the device (src/gpu/formats.ts): groups of four rows; in a group first the scales,
// then the quants, each word of a row beside the same word of the three other rows. So one vec4 load serves four
// rows, and neighbouring blocks are neighbours in memory.
//
// A tile is 8 elements of each of four rows: elements 4j … 4j+3 (near) and 16+4j … 16+4j+3 (far) of a block of 32,
// one column an element. That is how Q4 packs its nibbles; the other types are packed so when they are loaded. Each type's file has its `Words`, a
// tile still packed, and near_0 … far_3, which take an element out of it, times 1 / NEAR_FACTORS or 1 / FAR_FACTORS.
struct Tile {
  near: mat4x4<f32>,
  far: mat4x4<f32>,
}

fn load_tile(group: u32, block: u32, j: u32) -> Tile {
  return unpack_tile(load_words(group, block, j));
}

fn unpack_tile(words: Words) -> Tile {
  return Tile(
    mat4x4<f32>(near_0(words), near_1(words), near_2(words), near_3(words)),
    mat4x4<f32>(far_0(words), far_1(words), far_2(words), far_3(words)),
  );
}

// Sizes are no overrides: one compiled kernel serves every matrix of a type. Written by src/gpu/matrix.ts.
struct Matrix {
  blocks: u32, // blocks of 32 elements in a row
  groups: u32, // groups of four rows
  first_group: u32, // groups before this part of the matrix
  scale_vectors: u32, // vec4s of a group's scales
  group_vectors: u32, // vec4s of a group
  x_stride: u32, // vec4s from row to row of what is multiplied; it holds 0 beyond its row
  y_stride: u32, // vec4s from row to row of the product
  add: u32, // 1 when the product is added to what is there
}
@group(0) @binding(1) var<storage, read> w: array<vec4<u32>>; // [groups, group_vectors]
@group(0) @binding(2) var<uniform> matrix: Matrix;

// Where a block's scales and quants begin; blocks that share a word of scales get the same.
fn scale_index(group: u32, index: u32) -> u32 {
  return group * matrix.group_vectors + index;
}

fn quant_index(group: u32, index: u32) -> u32 {
  return group * matrix.group_vectors + matrix.scale_vectors + index;
}

// The two half floats of each word. No shifts of vectors, here and in the types' files, and no divisions in loops
// anywhere: a processor that plays a GPU does them lane by lane.
struct Halves {
  low: vec4<f32>,
  high: vec4<f32>,
}

fn halves(words: vec4<u32>) -> Halves {
  let x = unpack2x16float(words.x);
  let y = unpack2x16float(words.y);
  let z = unpack2x16float(words.z);
  let w = unpack2x16float(words.w);
  return Halves(vec4<f32>(x.x, y.x, z.x, w.x), vec4<f32>(x.y, y.y, z.y, w.y));
}

// Byte `index` of each word.
fn byte_of(words: vec4<u32>, index: u32) -> vec4<f32> {
  return vec4<f32>((words >> vec4<u32>(8u * index)) & vec4<u32>(0xff));
}

// The same of signed bytes.
fn signed_byte_of(words: vec4<u32>, index: u32) -> vec4<f32> {
  return vec4<f32>(bitcast<vec4<i32>>(words << vec4<u32>(24u - 8u * index)) >> vec4<u32>(24u));
}

// Half float `index` of those that lie two a word from `first` on.
fn half_of(first: u32, index: u32) -> vec4<f32> {
  let pair = halves(w[first + (index >> 1u)]);
  return select(pair.low, pair.high, (index & 1u) == 1u);
}
