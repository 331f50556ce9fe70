// A token and its logit. Before: the higher logit, or the lower id of two equal ones.
struct Candidate {
  logit: f32,
  id: u32,
}

// Stands for no token: behind every other.
const NO_TOKEN = 0xffffffffu;
const LOWEST = -3.4028234e38;

fn before(a: Candidate, b: Candidate) -> bool {
  return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
}
