// Of each row of logits the numbers of the USED greatest, falling, and behind them the softmax of SCALE times those; with
// SCALED each times its expert's number. One thread a row: experts are few. Reference: the interpreter in tests/fixtures/graph-interpreter.ts.
override EXPERTS: u32;
override USED: u32;
override STRIDE: u32; // vec4s from row to row of logits
override CHOICE_STRIDE: u32; // words from row to row of choice
override SCALE: f32;
override SCALED: bool;
@group(0) @binding(1) var<storage, read> logits: array<vec4<f32>>; // [T, STRIDE]
@group(0) @binding(2) var<storage, read_write> choice: array<u32>; // [T, CHOICE_STRIDE]
@group(0) @binding(3) var<storage, read> scales: array<f32>; // [EXPERTS]

const LOWEST = -3.4028234e38;

fn is_chosen(expert: u32, first: u32, ranks: u32) -> bool {
  for (var rank = 0u; rank < ranks; rank++) {
    if (choice[first + rank] == expert) {
      return true;
    }
  }
  return false;
}

fn logit_of(row: u32, expert: u32) -> f32 {
  return logits[row * STRIDE + expert / 4u][expert % 4u];
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let row = id.x;
  if (row >= task.tokens) {
    return;
  }
  let first = row * CHOICE_STRIDE;
  var top = LOWEST;
  var sum = 0.0;
  for (var rank = 0u; rank < USED; rank++) {
    var best = 0u;
    var most = LOWEST;
    for (var expert = 0u; expert < EXPERTS; expert++) {
      let logit = logit_of(row, expert);
      if (logit > most && !is_chosen(expert, first, rank)) {
        best = expert;
        most = logit;
      }
    }
    if (rank == 0u) {
      top = most;
    }
    choice[first + rank] = best;
    sum += exp(SCALE * (most - top));
  }
  for (var rank = 0u; rank < USED; rank++) {
    let expert = choice[first + rank];
    var weight = exp(SCALE * (logit_of(row, expert) - top)) / sum;
    if (SCALED) {
      weight *= scales[expert];
    }
    choice[first + USED + rank] = bitcast<u32>(weight);
  }
}
