// Causal grouped-query attention: y[t,h] = Σ_s softmax_s(q[t,h] · k[s,h/R]) · v[s,h/R] over the WINDOW positions s up to
// t's own, for the R = H / K query heads that share a KV head. One workgroup a token and a KV head: a loaded key or value serves R heads.
// Over tiles of WORKGROUP positions with a running maximum (online softmax). In a tile, a thread first scores one
// position; then threads are (slice, d) and add up the values of every SLICES-th position, four dimensions each.
// Reference: attention() in tests/gpu/reference.ts. A line with {r} stands for one such line each of the R heads.
override Q_STRIDE: u32; // vec4s from row to row of q
override Y_STRIDE: u32; // vec4s from row to row of y
override WINDOW: u32; // positions that a row sees, its own among them
override SINKS: bool; // whether each head has a sink
override CAP: f32; // scores s become CAP · tanh(s / CAP), unless it is 0
override WORKGROUP: u32; // at least D4, a multiple of MAXIMA
override SLICES: u32 = WORKGROUP / D4;
const MAXIMA = 16u; // threads that look for a tile's maximum, each in its part
const LOWEST = -3.4028234e38;
@group(0) @binding(1) var<storage, read> q: array<vec4<f32>>; // [T, Q_STRIDE]
@group(0) @binding(2) var<storage, read> cache: array<vec4<f32>>; // [pages, 2 · K · PAGE · D4]
@group(0) @binding(3) var<storage, read> pages: array<u32>; // see kv-cache.wgsl
@group(0) @binding(4) var<storage, read_write> y: array<vec4<f32>>; // [T, Y_STRIDE]
@group(0) @binding(5) var<storage, read> sinks: array<f32>; // [H]

var<workgroup> scores{r}: array<f32, WORKGROUP>;
var<workgroup> maxima{r}: array<f32, MAXIMA>;
var<workgroup> sums: array<f32, WORKGROUP>;
var<workgroup> parts: array<vec4<f32>, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let token = workgroup.y;
  let head = workgroup.x;
  let positions = position_of(token) + 1u;
  let start = select(0u, positions - WINDOW, positions > WINDOW);
  let table = table_of(token);
  let query{r} = token * Q_STRIDE + (head * R + {r}u) * D4;
  let d = local % D4;
  let slice = local / D4;
  // A sink is a score that counts for the softmax and has no value.
  var maximum{r} = select(LOWEST, sinks[(head * R + {r}u) % arrayLength(&sinks)], SINKS);
  var sum{r} = select(0.0, 1.0, SINKS && slice == 0u);
  var y{r} = vec4<f32>();
  for (var tile = start / PAGE * PAGE; tile < positions; tile += WORKGROUP) {
    var score{r} = LOWEST;
    let position = tile + local;
    let seen = position >= start && position < positions;
    if (seen) {
      let page = pages[table + position / PAGE];
      score{r} = 0.0;
      for (var i = 0u; i < D4; i++) {
        let key = cache[key_index(page, head, slot_of(position), i)];
        score{r} += dot(key, q[query{r} + i]);
      }
      score{r} = capped(score{r});
    }
    scores{r}[local] = score{r};
    workgroupBarrier();
    if (local < MAXIMA) {
      var best{r} = LOWEST;
      for (var i = local; i < WORKGROUP; i += MAXIMA) {
        best{r} = max(best{r}, scores{r}[i]);
      }
      maxima{r}[local] = best{r};
    }
    workgroupBarrier();
    var raised{r} = maximum{r};
    for (var i = 0u; i < MAXIMA; i++) {
      raised{r} = max(raised{r}, maxima{r}[i]);
    }
    scores{r}[local] = select(0.0, exp(score{r} - raised{r}), seen);
    let fade{r} = exp(maximum{r} - raised{r});
    maximum{r} = raised{r};
    sum{r} *= fade{r};
    y{r} *= fade{r};
    workgroupBarrier();
    if (slice < SLICES) {
      let end = min(WORKGROUP, positions - tile);
      for (var i = slice; i < end; i += SLICES) {
        let value = cache[value_index(pages[table + (tile + i) / PAGE], head, slot_of(tile + i), d)];
        let weight{r} = scores{r}[i];
        sum{r} += weight{r};
        y{r} += weight{r} * value;
      }
    }
    workgroupBarrier();
  }
  merge(token * Y_STRIDE + (head * R + {r}u) * D4, y{r}, sum{r}, local);
}

fn capped(score: f32) -> f32 {
  if (CAP > 0.0) {
    return CAP * bounded_tanh(vec4<f32>(score / CAP)).x;
  }
  return score;
}

// Adds the slices' sums and weighted values up and writes the quotient.
fn merge(row: u32, part: vec4<f32>, sum: f32, local: u32) {
  workgroupBarrier();
  parts[local] = part;
  sums[local] = sum;
  workgroupBarrier();
  if (local >= D4) {
    return;
  }
  var value = parts[local];
  var total = sums[local];
  for (var slice = 1u; slice < SLICES; slice++) {
    value += parts[slice * D4 + local];
    total += sums[slice * D4 + local];
  }
  y[row + local] = value / total;
}
