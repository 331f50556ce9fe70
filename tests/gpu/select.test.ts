import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCandidates } from '../../src/engine/webgpu/output-head.ts';
import { createSelect } from '../../src/gpu/ops/select.ts';
import { RESULT_WORDS } from '../../src/gpu/result-layout.ts';
import type { Tuning } from '../../src/gpu/tuning.ts';
import type { CandidateRequest, Candidates } from '../../src/protocol/frames.ts';
import { KernelHarness, randomValues } from './harness.ts';
import { logSumExp, select } from './reference.ts';

/** f32 sums of up to 50,000 exponentials, merged from slices. */
const SUM_TOLERANCE = 1e-5;
const SMALL = { selectChunk: 256, selectWorkgroup: 4 };
const TUNINGS = { 'one register': SMALL, 'a large workgroup': { selectChunk: 512, selectWorkgroup: 128 } };

let harness: KernelHarness;
beforeAll(async () => {
  harness = await KernelHarness.open();
});
afterAll(() => harness.close());

async function choose(
  logits: Float32Array<ArrayBuffer>,
  vocabularySize: number,
  request: Omit<CandidateRequest, 'rows'>,
  tuning: Partial<Tuning> = SMALL,
): Promise<Candidates[]> {
  const rows = logits.length / vocabularySize;
  // Two rows of other results lie before.
  const result = 2;
  const results = harness.upload(new Uint32Array((result + rows) * RESULT_WORDS));
  const op = await createSelect(harness.tuned(tuning), {
    logits: harness.activation(rows, vocabularySize, logits),
    rows,
    mask: harness.upload(request.mask ? Uint32Array.from(request.mask) : new Uint32Array(1)),
    wanted: harness.upload(Uint32Array.from(request.wantedIds)),
    results,
  });
  harness.submit((encoder, addTask) => op(encoder, addTask, { ...request, tokens: rows, result }));
  const words = new Uint32Array(await harness.download(results)).subarray(result * RESULT_WORDS);
  return Array.from({ length: rows }, (_, row) => readCandidates(words, row, { ...request, rows: 'all' }));
}

function maskOf(vocabularySize: number, allowed: (id: number) => boolean): Uint32Array<ArrayBuffer> {
  const mask = new Uint32Array(Math.ceil(vocabularySize / 32));
  for (let id = 0; id < vocabularySize; id++) if (allowed(id)) mask[id >> 5]! |= 1 << (id & 31);
  return mask;
}

function expectChoice(
  candidates: Candidates,
  logits: Float32Array,
  count: number,
  allowed: (id: number) => boolean = () => true,
): void {
  const expected = select(logits, count, allowed);
  expect([...candidates.ids]).toEqual(expected);
  expect([...candidates.logits]).toEqual(expected.map((id) => logits[id]));
  const sum = logSumExp(logits.filter((_, id) => allowed(id)));
  expect(Math.abs(candidates.logSumExp - sum)).toBeLessThan(SUM_TOLERANCE);
}

describe.each(Object.entries(TUNINGS))('candidates, %s', (_, tuning) => {
  it.each([
    [273, 1],
    [273, 128],
    [5000, 7],
    [49_152, 1],
    [49_152, 40],
    [49_152, 128],
  ])('chooses of %i tokens the first %i', async (vocabularySize, count) => {
    const logits = randomValues(vocabularySize + count, 3 * vocabularySize, 5);
    const rows = await choose(logits, vocabularySize, { count, wantedIds: new Uint32Array() }, tuning);
    for (const [row, candidates] of rows.entries()) {
      expectChoice(candidates, logits.subarray(row * vocabularySize, (row + 1) * vocabularySize), count);
    }
  });
});

it('orders equal logits by id', async () => {
  const logits = randomValues(1, 3000).map((value) => Math.round(value));
  const [candidates] = await choose(logits, 3000, { count: 100, wantedIds: new Uint32Array() });
  expectChoice(candidates!, logits, 100);
});

it('finds the best where they lie in one slice of the vocabulary', async () => {
  const logits = randomValues(2, 49_152).map((value, id) => (id % 1024 === 5 ? 50 + value : value));
  const [candidates] = await choose(logits, 49_152, { count: 64, wantedIds: new Uint32Array() });
  expectChoice(candidates!, logits, 64);
});

it('keeps to the mask, and gives fewer where it allows fewer', async () => {
  const logits = randomValues(3, 5000);
  const odd = (id: number) => id % 2 === 1;
  const [half] = await choose(logits, 5000, { count: 20, wantedIds: new Uint32Array(), mask: maskOf(5000, odd) });
  expectChoice(half!, logits, 20, odd);
  const few = (id: number) => id === 17 || id === 4999;
  const [two] = await choose(logits, 5000, { count: 20, wantedIds: new Uint32Array(), mask: maskOf(5000, few) });
  expectChoice(two!, logits, 20, few);
});

it('returns the logits of wanted ids, masked or not', async () => {
  const logits = randomValues(4, 2 * 5000);
  const wantedIds = Uint32Array.of(4999, 0, 17, 17);
  const mask = maskOf(5000, (id) => id !== 17);
  const rows = await choose(logits, 5000, { count: 0, wantedIds, mask });
  for (const [row, candidates] of rows.entries()) {
    expect([...candidates.ids]).toEqual([]);
    expect([...candidates.wantedLogits]).toEqual(Array.from(wantedIds, (id) => logits[row * 5000 + id]));
  }
});
