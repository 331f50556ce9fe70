// The gated delta rule over a session's rows: for each value head a state S [D, D] that fades, learns what the value is
// beside what the normed key recalls, and is read by the normed query. One workgroup a value head of a session, one thread a
// column of its state, which no other touches. Reference: recall() in tests/gpu/reference.ts.
override KEY_HEADS: u32;
override VALUE_HEADS: u32;
override D: u32; // elements of a head, and threads
override STRIDE: u32; // floats from row to row of mixed
override DELTA_STRIDE: u32; // floats from row to row of deltas
override ALPHAS: u32; // floats of a row of deltas before its alphas
override Y_STRIDE: u32; // floats from row to row of y
override PAGE: u32; // floats of a state of all heads and rows
override EPSILON: f32;
@group(0) @binding(2) var<storage, read> dt: array<f32>; // [VALUE_HEADS]
@group(0) @binding(3) var<storage, read> a: array<f32>; // [VALUE_HEADS]
@group(0) @binding(4) var<storage, read> mixed: array<f32>; // [T, STRIDE]: query heads, key heads, value heads
@group(0) @binding(5) var<storage, read> deltas: array<f32>; // [T, DELTA_STRIDE]: betas, alphas
@group(0) @binding(6) var<storage, read_write> states: array<f32>; // [pages, PAGE], heads [D, D] first
@group(0) @binding(7) var<storage, read_write> y: array<f32>; // [T, Y_STRIDE]

var<workgroup> query: array<f32, D>;
var<workgroup> key: array<f32, D>;

@compute @workgroup_size(D)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let head = workgroup.x;
  let key_head = head % KEY_HEADS;
  let session = sessions[workgroup.y];
  let column = head * D * D + local;
  let to = session.w * PAGE + column;
  var source = session.z * PAGE + column;
  var empty = session.z == NO_STATE;
  for (var t = 0u; t < session.y; t++) {
    let row = session.x + t;
    workgroupBarrier();
    query[local] = mixed[row * STRIDE + key_head * D + local];
    key[local] = mixed[row * STRIDE + (KEY_HEADS + key_head) * D + local];
    workgroupBarrier();
    let value = mixed[row * STRIDE + (2u * KEY_HEADS + head) * D + local];
    let beta = deltas[row * DELTA_STRIDE + head];
    let alpha = deltas[row * DELTA_STRIDE + ALPHAS + head] + dt[head];
    let soft = select(log(1.0 + exp(min(alpha, 20.0))), alpha, alpha > 20.0);
    let fade = exp(a[head] * soft);
    var recalled = 0.0;
    var key_square = 0.0;
    var query_square = 0.0;
    for (var i = 0u; i < D; i++) {
      key_square += key[i] * key[i];
      query_square += query[i] * query[i];
      if (!empty) {
        recalled += key[i] * states[source + i * D];
      }
    }
    let key_unit = 1.0 / max(sqrt(key_square), EPSILON);
    let query_unit = 1.0 / max(sqrt(query_square), EPSILON) / sqrt(f32(D));
    let learnt = key_unit / (1.0 + exp(-beta)) * (value - fade * key_unit * recalled);
    var answer = 0.0;
    for (var i = 0u; i < D; i++) {
      var kept = 0.0;
      if (!empty) {
        kept = fade * states[source + i * D];
      }
      kept += key[i] * learnt;
      states[to + i * D] = kept;
      answer += query[i] * kept;
    }
    y[row * Y_STRIDE + head * D + local] = query_unit * answer;
    source = to;
    empty = false;
  }
}
