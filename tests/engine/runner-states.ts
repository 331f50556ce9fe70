import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { LayerRunner, StageTask } from '../../src/engine/layer-runner.ts';
import { MAX_STATES } from '../../src/engine/session-states.ts';
import type { Candidates } from '../../src/protocol/frames.ts';
import { tinyArchitecture } from '../fixtures/tiny-architectures.ts';
import { makeTinyModel } from '../fixtures/tiny-model.ts';
import { type SplitModel, splitBytes } from '../support/shard-readers.ts';
import { LAST, type OpenRunner } from './fixture.ts';

const IDS = Array.from({ length: 60 }, (_, index) => (index * 37 + 11) % 250);
const ALL = { ...LAST, rows: 'all' as const, wantedIds: Uint32Array.of(3, 200) };

/** Sessions of layers with a state. Called in a test file of each implementation. */
export function testRunnerStates(openRunner: OpenRunner): void {
  let model: SplitModel;
  let layers: StageTask['layers'];
  let runner: LayerRunner;
  beforeAll(async () => {
    const options = tinyArchitecture('qwen35');
    model = await splitBytes(makeTinyModel(options), 2);
    layers = { start: 0, end: model.hyperparameters.layerCount };
  });
  afterEach(() => runner.close());

  const open = (session: string) => runner.openSession({ session, layers, maxTokens: 128 });
  const taskOf = (session: string, from: number, count: number): StageTask => ({
    ...{ session, layers, position: from, candidates: ALL },
    input: { dtype: 'u32', ids: Uint32Array.from(IDS.slice(from, from + count)) },
  });
  /** Feeds the ids `[from, end)` in tasks of these lengths, again and again. */
  async function feed(session: string, from: number, end: number, lengths = [end]): Promise<Candidates[]> {
    const rows: Candidates[] = [];
    for (let at = from, step = 0; at < end; step++) {
      const count = Math.min(lengths[step % lengths.length]!, runner.info.maxTaskTokens, end - at);
      rows.push(...(await runner.execute(taskOf(session, at, count))).rows!);
      at += count;
    }
    return rows;
  }

  describe('layers with a state', () => {
    it('give the same bits in tasks of any length', async () => {
      runner = await openRunner(model);
      await open('whole');
      const whole = await feed('whole', 0, IDS.length);
      expect(new Set(whole.map(({ ids }) => ids[0])).size).toBeGreaterThan(5);
      for (const lengths of [[1], [7], [20, 1, 1, 3]]) {
        await open(`${lengths}`);
        expect(await feed(`${lengths}`, 0, IDS.length, lengths)).toEqual(whole);
      }
    });

    it('go back to any position, or before it, and on with the same bits', async () => {
      runner = await openRunner(model);
      await open('whole');
      const whole = await feed('whole', 0, IDS.length);
      await open('s');
      // Two pieces of a prompt, an answer, another prompt and the beginning of an answer.
      const steps = [16, 8, 1, 1, 1, 1, 1, 1, 10, 1, 1, 1];
      await feed('s', 0, 43, steps);
      let length = 43;
      for (const [wanted, reached] of [
        [43, 43],
        [42, 42],
        [41, 40],
        [30, 24],
        [24, 24],
        [23, 0],
      ] as const) {
        expect(await runner.truncateSession('s', wanted)).toBe(Math.min(reached, length));
        expect(await feed('s', reached, 43, steps)).toEqual(whole.slice(reached, 43));
        length = 43;
        await runner.truncateSession('s', 0);
        await feed('s', 0, 43, steps);
      }
    });

    it('go on from the token before when one is taken back, however long the answer', async () => {
      runner = await openRunner(model);
      await open('whole');
      const whole = await feed('whole', 0, IDS.length);
      await open('s');
      await feed('s', 0, 40, [12, ...new Array(28).fill(1)]);
      expect(await runner.truncateSession('s', 39)).toBe(39);
      expect(await feed('s', 39, IDS.length)).toEqual(whole.slice(39));
      expect(await runner.truncateSession('s', 12)).toBe(12);
      expect(await feed('s', 12, IDS.length)).toEqual(whole.slice(12));
    });

    it('are each session’s own in one pass of several', async () => {
      runner = await openRunner(model);
      const starts = [1, 9, 30, 2, 17];
      for (const [index, start] of starts.entries()) {
        for (const session of [`alone ${index}`, `together ${index}`]) {
          await open(session);
          await feed(session, 0, start);
        }
      }
      for (let step = 0; step < 3; step++) {
        const tasks = starts.map((start, index) => ({
          ...taskOf(`together ${index}`, start + step, 1),
          candidates: LAST,
        }));
        const together = await runner.executeBatch(tasks);
        for (const [index, task] of tasks.entries()) {
          const { rows } = await runner.execute({ ...task, session: `alone ${index}` });
          expect(together[index]).toMatchObject({ rows });
        }
      }
    });

    it('stay as they were when a task fails', async () => {
      runner = await openRunner(model, [1]);
      const [, second] = model.readers;
      const part = { start: second!.shard.layers.start, end: layers.end };
      const { width } = model.hyperparameters;
      const row = (value: number) => new Float32Array(width).map((_, c) => value * Math.cos(c));
      const task = (session: string, position: number, hidden: Float32Array): StageTask => ({
        ...{ session, layers: part, position, candidates: ALL },
        input: { dtype: 'f32', hidden },
      });
      for (const session of ['a', 'b']) {
        await runner.openSession({ session, layers: part, maxTokens: 8 });
        await runner.execute(task(session, 0, row(1)));
      }
      const unsound = row(1).fill(Number.NaN);
      await expect(runner.execute(task('a', 1, unsound))).rejects.toMatchObject({ code: 'bad-input' });
      const [a, b] = [await runner.execute(task('a', 1, row(2))), await runner.execute(task('b', 1, row(2)))];
      expect(a.rows).toEqual(b.rows);
    });

    it('take memory that is given back, and say when it is full', async () => {
      // 32 KiB a state of this model: half of it for states, for about three sessions.
      const enough = 2 * 3 * (MAX_STATES + 1) * 4 * 29_000;
      runner = await openRunner(model, [0, 1], enough);
      const free = runner.freeTokens();
      const names: string[] = [];
      const fill = async () => {
        for (let index = 0; index < 50; index++) {
          names.push(`s${index}`);
          await open(`s${index}`);
          await feed(`s${index}`, 0, 6, [2, 1]);
        }
      };
      await expect(fill()).rejects.toMatchObject({ code: 'out-of-memory' });
      expect(names.length).toBeGreaterThan(2);
      expect(names.length).toBeLessThan(12);
      for (const name of names) await runner.closeSession(name);
      expect(runner.freeTokens()).toBe(free);
      await open('again');
      await feed('again', 0, 20, [4, 1]);
    });
  });
}
