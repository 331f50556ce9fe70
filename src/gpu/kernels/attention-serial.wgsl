// The attention of attention.wgsl for a processor that plays a GPU. One workgroup of four threads, one vector register,
// takes a KV head and ROWS query rows: R heads of each of several tokens of one session. Over pages with a running maximum: a thread
// scores every fourth position of a page, POSITIONS of them at once, then adds up values, every fourth vec4 of a head.
// So a loaded query serves POSITIONS positions, a loaded key or value ROWS rows; loads are what costs there.
// Reference: attend() in tests/gpu/reference.ts. A line with {r}, {p}, {v} stands for one such line each: rows,
// positions, and a thread's vec4s of a head.
override Q_STRIDE: u32; // vec4s from row to row of q
override Y_STRIDE: u32; // vec4s from row to row of y
override WINDOW: u32; // positions that a row sees, its own among them
override SINKS: bool; // whether each head has a sink
override CAP: f32; // scores s become CAP · tanh(s / CAP), unless it is 0
const LOWEST = -3.4028234e38;
const THREADS = 4u;
@group(0) @binding(1) var<storage, read> q: array<vec4<f32>>; // [T, Q_STRIDE]
@group(0) @binding(2) var<storage, read> cache: array<vec4<f32>>; // [pages, 2 · K · PAGE · D4]
@group(0) @binding(3) var<storage, read> pages: array<u32>; // see kv-cache.wgsl
@group(0) @binding(4) var<storage, read_write> y: array<vec4<f32>>; // [T, Y_STRIDE]
@group(0) @binding(5) var<storage, read> sinks: array<f32>; // [H]

var<workgroup> weights{r}: array<f32, PAGE>;
var<workgroup> maxima{r}: array<f32, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) workgroup: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let head = workgroup.x;
  let token = workgroup.y * (ROWS / R);
  let token{r} = min(token + {r}u / R, task.tokens - 1u);
  let column{r} = (head * R + {r}u % R) * D4;
  let row{r} = token{r} * Q_STRIDE + column{r};
  let end{r} = position_of(token{r}) + 1u;
  let start{r} = select(0u, end{r} - WINDOW, end{r} > WINDOW);
  // A sink is a score that counts for the softmax and has no value.
  var maximum{r} = select(LOWEST, sinks[(head * R + {r}u % R) % arrayLength(&sinks)], SINKS);
  var sum{r} = select(0.0, 1.0, SINKS);
  var y{r}_{v} = vec4<f32>();
  // The first row sees the earliest position, the last one the latest.
  let positions = position_of(min(token + ROWS / R, task.tokens) - 1u) + 1u;
  let table = table_of(token);
  for (var first = start0 / PAGE * PAGE; first < positions; first += PAGE) {
    let page = pages[table + first / PAGE];
    let count = min(PAGE, positions - first);
    var best{r} = maximum{r};
    for (var i = local; i < count; i += THREADS * POSITIONS) {
      var score{r}_{p} = 0.0;
      for (var d = 0u; d < D4; d++) {
        let index = key_index(page, head, i, d);
        let key{p} = cache[index + {p}u * THREADS];
        let query{r} = q[row{r} + d];
        score{r}_{p} += dot(key{p}, query{r});
      }
      score{r}_{p} = select(LOWEST, capped(score{r}_{p}), seen(first + i + {p}u * THREADS, start{r}, end{r}));
      best{r} = max(best{r}, score{r}_{p});
      weights{r}[i + {p}u * THREADS] = score{r}_{p};
    }
    maxima{r}[local] = best{r};
    workgroupBarrier();
    let raised{r} = max(max(maxima{r}[0], maxima{r}[1]), max(maxima{r}[2], maxima{r}[3]));
    for (var i = local; i < count; i += THREADS) {
      weights{r}[i] = select(0.0, exp(weights{r}[i] - raised{r}), seen(first + i, start{r}, end{r}));
    }
    let fade{r} = exp(maximum{r} - raised{r});
    maximum{r} = raised{r};
    sum{r} *= fade{r};
    y{r}_{v} *= fade{r};
    workgroupBarrier();
    for (var i = 0u; i < count; i++) {
      let index = value_index(page, head, i, 0u);
      let weight{r} = weights{r}[i];
      sum{r} += weight{r};
      let value{v} = cache[index + min({v}u * THREADS + local, D4 - 1u)];
      y{r}_{v} += weight{r} * value{v};
    }
    workgroupBarrier();
  }
  store(token + {r}u / R, column{r}, {v}u * THREADS + local, y{r}_{v} / sum{r});
}

// One comparison, which wraps around: of two with a branch between them SwiftShader would make code that takes minutes to
// compile, unrolled as they are.
fn seen(position: u32, start: u32, end: u32) -> bool {
  return position - start < end - start;
}

fn capped(score: f32) -> f32 {
  if (CAP > 0.0) {
    return CAP * bounded_tanh(vec4<f32>(score / CAP)).x;
  }
  return score;
}

fn store(token: u32, column: u32, d: u32, value: vec4<f32>) {
  if (token < task.tokens && d < D4) {
    y[token * Y_STRIDE + column + d] = value;
  }
}
