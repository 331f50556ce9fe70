import type { CandidateRequest, Candidates } from '../protocol/frames.ts';

/** The `count` highest logits, falling; ties by rising id. What is -infinity is no candidate. */
export function topCandidates(logits: Float32Array, count: number): Pick<Candidates, 'ids' | 'logits'> {
  const ids: number[] = [];
  if (count === 0) return { ids: new Uint32Array(), logits: new Float32Array() };
  let least = Number.NEGATIVE_INFINITY;
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id]!;
    if (!(logit > least)) continue;
    if (ids.length === count) ids.pop();
    let at = ids.length;
    while (at > 0 && logits[ids[at - 1]!]! < logit) at--;
    ids.splice(at, 0, id);
    if (ids.length === count) least = logits[ids.at(-1)!]!;
  }
  return { ids: Uint32Array.from(ids), logits: Float32Array.from(ids, (id) => logits[id]!) };
}

/** One request that asks for all that these ask for: the longest list of candidates, and every wanted id in turn. */
export function mergeRequests(requests: readonly CandidateRequest[]): CandidateRequest {
  const [first, ...others] = requests;
  if (others.length === 0) return first!;
  return {
    rows: 'last',
    count: Math.max(...requests.map(({ count }) => count)),
    wantedIds: Uint32Array.from(requests.flatMap(({ wantedIds }) => [...wantedIds])),
  };
}

/** Makes the logits of tokens that are not allowed -infinity. */
export function maskLogits(logits: Float32Array, { mask }: CandidateRequest): void {
  if (!mask) return;
  for (let id = 0; id < logits.length; id++)
    if (((mask[id >> 5]! >>> (id & 31)) & 1) === 0) logits[id] = Number.NEGATIVE_INFINITY;
}
