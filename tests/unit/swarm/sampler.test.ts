import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CandidateRequest, Candidates } from '../../../src/protocol/frames.ts';
import { MAX_CANDIDATES, MAX_WANTED_IDS } from '../../../src/protocol/limits.ts';
import type { SamplingOptions } from '../../../src/swarm/coordinator/generation.ts';
import { DEFAULT_SAMPLING, Sampler } from '../../../src/swarm/coordinator/sampler.ts';

/** What a last stage answers for a row of logits `[V]`. */
function candidatesOf(row: readonly number[], { count, wantedIds }: CandidateRequest): Candidates {
  const logits = Float32Array.from(row);
  const ids = [...logits.keys()].sort((a, b) => logits[b]! - logits[a]! || a - b).slice(0, count);
  const largest = Math.max(...logits);
  return {
    ids: Uint32Array.from(ids),
    logits: Float32Array.from(ids, (id) => logits[id]!),
    logSumExp: largest + Math.log(logits.reduce((total, logit) => total + Math.exp(logit - largest), 0)),
    wantedLogits: Float32Array.from(wantedIds, (id) => logits[id]!),
  };
}

const step = (sampler: Sampler, row: readonly number[], topLogprobs = 0) =>
  sampler.sample(candidatesOf(row, sampler.candidateRequest(topLogprobs)), topLogprobs);
const sampler = (options: Partial<SamplingOptions> = {}, promptIds: readonly number[] = []) =>
  new Sampler({ ...DEFAULT_SAMPLING, ...options }, promptIds);
const bias = (...entries: [number, number][]) => new Map(entries);

const rowOf = fc.array(fc.float({ min: -30, max: 30, noNaN: true }), { minLength: 1, maxLength: 300 });
const anySampling: fc.Arbitrary<SamplingOptions> = fc.record({
  temperature: fc.constantFrom(0, 1e-9, 0.3, 1, 2),
  topP: fc.constantFrom(1e-6, 0.5, 0.95, 1),
  topK: fc.constantFrom(0, 1, 40, 1000),
  minP: fc.constantFrom(0, 0.05, 1),
  presencePenalty: fc.float({ min: -2, max: 2, noNaN: true }),
  frequencyPenalty: fc.float({ min: -2, max: 2, noNaN: true }),
  repetitionPenalty: fc.constantFrom(0.5, 1, 1.3),
  logitBias: fc.constant(new Map([[0, -100]])),
  seed: fc.integer(),
});

describe('any sampling', () => {
  it('draws one of the tokens asked about, and the same ones again for the same seed', () => {
    fc.assert(
      fc.property(anySampling, fc.array(rowOf, { minLength: 1, maxLength: 8 }), (options, rows) => {
        const draw = () => {
          const made = new Sampler(options, [1, 2]);
          return rows.map((row) => {
            const request = made.candidateRequest(2);
            const candidates = candidatesOf(row, {
              ...request,
              wantedIds: request.wantedIds.map((id) => Math.min(id, row.length - 1)),
            });
            const token = made.sample(candidates, 2);
            expect([...candidates.ids, ...request.wantedIds]).toContain(token.id);
            return token;
          });
        };
        expect(draw()).toEqual(draw());
      }),
    );
  });

  it('reports the model’s own distribution, whatever is changed', () => {
    fc.assert(
      fc.property(anySampling, rowOf, (options, row) => {
        const { id, logprob, top } = step(new Sampler(options, []), row, 5);
        const exact = candidatesOf(row, { rows: 'last', count: 5, wantedIds: Uint32Array.of(id) });
        expect(logprob).toBeCloseTo(exact.wantedLogits[0]! - exact.logSumExp, 5);
        expect(top.map((other) => other.id)).toEqual([...exact.ids]);
        expect(top.reduce((mass, other) => mass + Math.exp(other.logprob), 0)).toBeLessThan(1.0001);
      }),
    );
  });
});

describe('greedy', () => {
  it('takes the largest logit, the smallest id among equals', () => {
    expect(step(sampler(), [1, 3, 3, 2]).id).toBe(1);
    expect(step(sampler({ logitBias: bias([0, 2]) }), [1, 3, 3, 2]).id).toBe(0);
  });

  it('asks for one candidate, or for the alternatives to report', () => {
    expect(sampler().candidateRequest(0)).toEqual({ rows: 'last', count: 1, wantedIds: new Uint32Array() });
    expect(sampler().candidateRequest(5).count).toBe(5);
    expect(sampler({ frequencyPenalty: 1 }).candidateRequest(0).count).toBe(MAX_CANDIDATES);
  });
});

describe('temperature', () => {
  const frequencyOfFirst = (temperature: number): number => {
    const made = sampler({ temperature, seed: 7 });
    const draws = Array.from({ length: 4000 }, () => step(made, [Math.log(3), 0]).id);
    return draws.filter((id) => id === 0).length / draws.length;
  };

  it('draws as often as the distribution says', () => {
    // softmax([log 3, 0] / T): 3/4 at 1, sqrt(3) / (1 + sqrt(3)) at 2. Tolerance: four standard deviations.
    expect(frequencyOfFirst(1)).toBeCloseTo(0.75, 1.5);
    expect(Math.abs(frequencyOfFirst(1) - 0.75)).toBeLessThan(0.028);
    expect(Math.abs(frequencyOfFirst(2) - 0.634)).toBeLessThan(0.031);
    expect(frequencyOfFirst(0.01)).toBe(1);
  });

  it('draws differently for another seed, beyond 32 bits too', () => {
    const draws = (seed: number) => {
      const made = sampler({ temperature: 1, seed });
      return Array.from({ length: 40 }, () => step(made, [0, 0, 0, 0]).id).join('');
    };
    expect(new Set([draws(1), draws(2), draws(-1), draws(1 + 2 ** 32), draws(2 ** 40)]).size).toBe(5);
  });
});

describe('top-k, top-p and min-p', () => {
  const drawn = (options: Partial<SamplingOptions>, row: readonly number[]): number[] => {
    const made = sampler({ temperature: 1, seed: 3, ...options });
    return [...new Set(Array.from({ length: 500 }, () => step(made, row).id))].sort();
  };
  const row = [Math.log(0.5), Math.log(0.3), Math.log(0.15), Math.log(0.05)];

  it('keep the best', () => {
    expect(drawn({}, row)).toEqual([0, 1, 2, 3]);
    expect(drawn({ topK: 2 }, row)).toEqual([0, 1]);
    expect(drawn({ topP: 0.5 - 1e-6 }, row)).toEqual([0]);
    expect(drawn({ topP: 0.79 }, row)).toEqual([0, 1]);
    expect(drawn({ topP: 0.9 }, row)).toEqual([0, 1, 2]);
    expect(drawn({ minP: 0.29 }, row)).toEqual([0, 1, 2]);
    expect(drawn({ minP: 0.31 }, row)).toEqual([0, 1]);
    expect(drawn({ minP: 1 }, row)).toEqual([0]);
  });

  it('look at the distribution that temperature leaves', () => {
    expect(drawn({ topP: 0.79, temperature: 0.3 }, row)).toEqual([0]);
  });
});

describe('bias and penalties', () => {
  it('forbid and force tokens', () => {
    expect(step(sampler({ logitBias: bias([0, -100]) }), [5, 1, 0]).id).toBe(1);
    // The last of 1000 tokens is no candidate; the task names it.
    const row = Array.from({ length: 1000 }, (_, id) => -id / 100);
    expect(step(sampler({ logitBias: bias([999, 100]) }), row).id).toBe(999);
  });

  it('ask only for the ids that they raise', () => {
    const made = sampler({ logitBias: bias([3, 5], [4, -5]), presencePenalty: 1 });
    step(made, [9, 0, 0, 0, 0]);
    expect([...made.candidateRequest(0).wantedIds]).toEqual([3]);
    const lifted = sampler({ presencePenalty: -1 }, [2]);
    step(lifted, [9, 0, 0]);
    step(lifted, [0, 9, 0]);
    expect([...lifted.candidateRequest(0).wantedIds]).toEqual([1, 0]);
  });

  it('never ask for more ids than a task may name', () => {
    const made = sampler(
      { repetitionPenalty: 0.5 },
      Array.from({ length: 2000 }, (_, id) => id),
    );
    const { wantedIds } = made.candidateRequest(0);
    expect(wantedIds.length).toBe(MAX_WANTED_IDS);
    expect(wantedIds[0]).toBe(1999);
    const tooMany = new Map(Array.from({ length: MAX_WANTED_IDS + 1 }, (_, id) => [id, 1]));
    expect(() => sampler({ logitBias: tooMany })).toThrow(expect.objectContaining({ code: 'limit-exceeded' }));
  });

  it('presence counts once, frequency every time', () => {
    const made = sampler({ presencePenalty: 1, frequencyPenalty: 0.25 });
    const row = [3, 1.6, 1.6];
    // 0: 3, then 3 - 1.25 = 1.75, then 3 - 1.5 = 1.5: below the others.
    expect([step(made, row).id, step(made, row).id, step(made, row).id]).toEqual([0, 0, 1]);
  });

  it('repetition looks back on the prompt, presence does not', () => {
    expect(step(sampler({ repetitionPenalty: 2 }, [0]), [3, 2]).id).toBe(1);
    expect(step(sampler({ repetitionPenalty: 2 }, [0]), [-1, -1.5]).id).toBe(1);
    expect(step(sampler({ presencePenalty: 2 }, [0]), [3, 2]).id).toBe(0);
  });
});
