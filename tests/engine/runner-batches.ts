import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LayerRunner, StageOutput, StageTask, TaskResult } from '../../src/engine/layer-runner.ts';
import type { CandidateRequest } from '../../src/protocol/frames.ts';
import { makeTinyModel } from '../fixtures/tiny-model.ts';
import { type SplitModel, splitBytes } from '../support/shard-readers.ts';
import { LAST, type OpenRunner } from './fixture.ts';

const LAYERS = { start: 0, end: 4 };
const STEPS = 4;
/** Positions of a task that every runner takes. */
const CHUNK = 32;
/** Positions before the first batch: next to page borders, and far apart. */
const LENGTHS = [1, 31, 32, 33, 2, 90, 63, 17, 5, 64, 3];

/** No two alike: what is asked for together must be told apart again. */
const REQUESTS: readonly CandidateRequest[] = [
  LAST,
  { ...LAST, count: 1 },
  { ...LAST, count: 9, wantedIds: Uint32Array.of(3, 200) },
  { ...LAST, rows: 'none' },
  { ...LAST, wantedIds: Uint32Array.of(77) },
  { ...LAST, mask: new Uint32Array(9).fill(0x55555555) },
];

/** Several tasks at once give what they give one by one. Called in a test file of each implementation. */
export function testRunnerBatches(openRunner: OpenRunner): void {
  let model: SplitModel;
  let runner: LayerRunner;
  beforeAll(async () => {
    model = await splitBytes(makeTinyModel({ type: (name) => (name.includes('attn_v') ? 'Q8_0' : 'Q4_1') }), 2);
    runner = await openRunner(model);
  });
  afterAll(() => runner.close());

  /** A session of this name that holds the first `length` of its own ids. */
  async function open(session: string, length: number, layers = LAYERS, on = runner): Promise<void> {
    await on.openSession({ session, layers, maxTokens: 128 });
    for (let from = 0; from < length; from += CHUNK)
      await on.execute(taskOf(session, from, Math.min(CHUNK, length - from), LAST, layers));
  }

  describe('several tasks in one call', () => {
    describe('give each session what it gets alone', () => {
      /** By session, by step. */
      let alone: StageOutput['rows'][][];
      beforeAll(async () => {
        for (const [index, length] of LENGTHS.entries()) await open(`session ${index}`, length);
        alone = LENGTHS.map(() => []);
        for (let step = 0; step < STEPS; step++) {
          for (const index of LENGTHS.keys()) alone[index]!.push(rowsOf(await runner.execute(taskOfStep(index, step))));
        }
      });
      afterAll(async () => {
        for (const index of LENGTHS.keys()) await runner.closeSession(`session ${index}`);
      });

      function taskOfStep(index: number, step: number): StageTask {
        return taskOf(`session ${index}`, LENGTHS[index]! + step, 1, REQUESTS[(index + step) % REQUESTS.length]!);
      }

      it.each([2, 3, 5, 8, 11])('bit for bit, %i of them', async (count) => {
        const sessions = LENGTHS.slice(0, count);
        for (const [index, length] of sessions.entries()) await runner.truncateSession(`session ${index}`, length);
        for (let step = 0; step < STEPS; step++) {
          const results = await runner.executeBatch(sessions.map((_, index) => taskOfStep(index, step)));
          expect(results.map(rowsOf)).toEqual(sessions.map((_, index) => alone[index]![step]));
        }
      });
    });

    it('pass hidden states on as alone, in the middle of a model', async () => {
      const layers = { start: 1, end: 3 };
      const sessions = [3, 1, 40, 8, 2];
      for (const [index, length] of sessions.entries()) {
        await open(`alone ${index}`, length, layers);
        await open(`together ${index}`, length, layers);
      }
      const tasks = sessions.map((length, index) => taskOf(`together ${index}`, length, 1, LAST, layers));
      const results = await runner.executeBatch(tasks);
      for (const [index, task] of tasks.entries()) {
        const { hidden } = await runner.execute({ ...task, session: `alone ${index}` });
        expect(hidden).toHaveLength(model.hyperparameters.width);
        expect(results[index]).toMatchObject({ hidden });
        await runner.closeSession(`alone ${index}`);
        await runner.closeSession(`together ${index}`);
      }
    });

    it('may be of any length and kind, also two of one session', async () => {
      for (const session of ['a', 'b', 'c', 'x', 'y', 'z']) await open(session, 2);
      const tasks = (names: readonly string[]) => [
        taskOf(names[0]!, 2, 7),
        taskOf(names[1]!, 2, 1),
        taskOf(names[1]!, 3, 1),
        taskOf(names[2]!, 2, 1),
        taskOf(names[0]!, 9, 1, { ...LAST, rows: 'all' }),
      ];
      const results = await runner.executeBatch(tasks(['a', 'b', 'c']));
      const expected: StageOutput[] = [];
      for (const task of tasks(['x', 'y', 'z'])) expected.push(await runner.execute(task));
      expect(results.map(rowsOf)).toEqual(expected.map(rowsOf));
      for (const session of ['a', 'b', 'c', 'x', 'y', 'z']) await runner.closeSession(session);
    });

    it('fail alone: what is wrong with one harms no other, nor its own session', async () => {
      await runner.openSession({ session: 'full', layers: LAYERS, maxTokens: 4 });
      await runner.execute(taskOf('full', 0, 4));
      for (const session of ['a', 'b', 'x', 'y', 'late']) await open(session, 6);
      const results = await runner.executeBatch([
        taskOf('a', 6, 1),
        taskOf('nobody', 0, 1),
        taskOf('full', 4, 1),
        taskOf('late', 5, 1),
        taskOf('b', 6, 1),
      ]);
      expect(results.map((result) => ('error' in result ? result.error.code : 'done'))).toEqual([
        ...['done', 'unknown-session', 'context-full', 'bad-request', 'done'],
      ]);
      expect(rowsOf(results[0]!)).toEqual((await runner.execute(taskOf('x', 6, 1))).rows);
      expect(rowsOf(results[4]!)).toEqual((await runner.execute(taskOf('y', 6, 1))).rows);
      await expect(runner.execute(taskOf('late', 6, 1))).resolves.toMatchObject({ rows: rowsOf(results[0]!) });
      for (const session of ['a', 'b', 'x', 'y', 'late', 'full']) await runner.closeSession(session);
    });

    it('run as far as there is room in the KV cache', async () => {
      // Two pages of 4 layers, 2 KV heads of 16, keys and values.
      const small = await openRunner(model, [0, 1], 2 * 4 * 32 * 2 * 2 * 16 * 4);
      for (const session of ['a', 'b', 'c']) await small.openSession({ session, layers: LAYERS, maxTokens: 64 });
      const results = await small.executeBatch(['a', 'b', 'c'].map((session) => taskOf(session, 0, 1)));
      expect(results.map((result) => 'error' in result && result.error.code)).toEqual([false, false, 'out-of-memory']);
      await small.closeSession('a');
      await expect(small.execute(taskOf('c', 0, 1))).resolves.toMatchObject({ rows: rowsOf(results[0]!) });
      await small.close();
    });
  });

  /** Positions `[from, from + count)` of a session whose ids, or hidden states, depend on its number and the position. */
  function taskOf(session: string, from: number, count: number, candidates = LAST, layers = LAYERS): StageTask {
    const { width, layerCount } = model.hyperparameters;
    const seed = Number(session.match(/\d+/)?.[0] ?? 1);
    const input: StageTask['input'] =
      layers.start === 0
        ? { dtype: 'u32', ids: Uint32Array.from({ length: count }, (_, at) => (seed * 41 + (from + at) * 37) % 250) }
        : {
            dtype: 'f32',
            hidden: Float32Array.from({ length: count * width }, (_, at) => Math.cos(seed + from * width + at)),
          };
    const last = layers.end === layerCount;
    return { session, layers, position: from, input, ...(last ? { candidates } : {}) };
  }
}

function rowsOf(result: TaskResult): StageOutput['rows'] {
  if ('error' in result) throw new Error(result.error.message);
  return result.rows;
}
