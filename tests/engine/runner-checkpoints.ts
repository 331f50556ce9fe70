import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LayerRange } from '../../src/core/ranges.ts';
import { KeptSessions } from '../../src/engine/kept-sessions.ts';
import type { CheckpointName, LayerRunner, StageTask } from '../../src/engine/layer-runner.ts';
import type { SessionPages } from '../../src/engine/session-pages.ts';
import type { Candidates } from '../../src/protocol/frames.ts';
import { CheckpointDatabase } from '../../src/store/idb/checkpoint-database.ts';
import { tinyArchitecture } from '../fixtures/tiny-architectures.ts';
import { makeTinyModel } from '../fixtures/tiny-model.ts';
import { type SplitModel, splitBytes } from '../support/shard-readers.ts';
import { LAST } from './fixture.ts';

const IDS = Array.from({ length: 160 }, (_, index) => (index * 37 + 11) % 250);
const ALL = { ...LAST, rows: 'all' as const, wantedIds: Uint32Array.of(3, 200) };
const NAME = { name: 'a'.repeat(32), manifestId: 'm' };
const ROOM = 1 << 30;

type KeepingRunner = LayerRunner & SessionPages;

/** What a runner gives from a checkpoint on. Called in a test file of each implementation, with IndexedDB at hand. */
export function testRunnerCheckpoints(openRunner: (model: SplitModel) => Promise<KeepingRunner>): void {
  describe('a checkpoint', () => {
    let model: SplitModel;
    const runners: KeepingRunner[] = [];
    beforeAll(async () => {
      model = await splitBytes(makeTinyModel({ type: 'Q4_1' }), 2);
      runners.push(await openRunner(model), await openRunner(model));
    });
    afterAll(async () => {
      for (const runner of runners) await runner.close();
    });

    const allOf = ({ hyperparameters }: LayerRunner): LayerRange => ({ start: 0, end: hyperparameters.layerCount });

    /** In tasks of `step` tokens. */
    async function feed(runner: LayerRunner, session: string, from: number, ids: readonly number[], step = 24) {
      const layers = allOf(runner);
      const rows: Candidates[] = [];
      for (let at = 0; at < ids.length; at += step) {
        const input = { dtype: 'u32' as const, ids: Uint32Array.from(ids.slice(at, at + step)) };
        const task: StageTask = { session, layers, position: from + at, input, candidates: ALL };
        rows.push(...(await runner.execute(task)).rows!);
      }
      return rows;
    }

    async function keep(
      kept: KeptSessions,
      name: CheckpointName,
      session: string,
      length: number,
      unchanged = 0,
    ): Promise<number> {
      const bytes = await kept.begin(session, name, { length, unchanged, maxBytes: ROOM });
      while (!(await kept.writeNext(session)));
      return bytes;
    }

    it('gives another page the bits that the session would have given, also where it had grown and branched', async () => {
      const [first, second] = runners as [KeepingRunner, KeepingRunner];
      const layers = allOf(first);
      const name = { ...NAME, layers };
      const store = new CheckpointDatabase(`bits-${first.info.kind}`);
      // Parts of one page.
      const kept = new KeptSessions(first, store, 1);
      await first.openSession({ session: 'a', layers, maxTokens: 256 });
      // Other sessions take pages between those of this one.
      await first.openSession({ session: 'other', layers, maxTokens: 256 });
      await feed(first, 'a', 0, IDS.slice(0, 40));
      await feed(first, 'other', 0, IDS.slice(60, 100));
      const whole = await keep(kept, name, 'a', 40);
      await feed(first, 'a', 40, IDS.slice(40, 110));
      const pageBytes = whole / 2;
      // The first page is as it was; the second has grown.
      expect(await keep(kept, name, 'a', 110, 40)).toBe(3 * pageBytes);
      await first.truncateSession('a', 70);
      await feed(first, 'a', 70, IDS.slice(100, 140));
      expect(await keep(kept, name, 'a', 110, 70)).toBe(2 * pageBytes);

      const again = new KeptSessions(second, store, 1);
      await second.openSession({ session: 'b', layers, maxTokens: 256 });
      expect(await again.restore('b', name)).toBe(110);
      const next = IDS.slice(0, 30);
      expect(await feed(second, 'b', 110, next)).toEqual(await feed(first, 'a', 110, next));
      // A prefix of it goes on elsewhere.
      await second.truncateSession('b', 50);
      await first.truncateSession('a', 50);
      expect(await feed(second, 'b', 50, next)).toEqual(await feed(first, 'a', 50, next));
      for (const [runner, session] of [
        [first, 'a'],
        [first, 'other'],
        [second, 'b'],
      ] as const)
        await runner.closeSession(session);
    });

    it('gives them also where layers have a state, from the end on or from the end of the prompt', async () => {
      const options = tinyArchitecture('qwen35');
      const withStates = await splitBytes(makeTinyModel(options), 2);
      const [first, second] = [await openRunner(withStates), await openRunner(withStates)];
      runners.push(first, second);
      const layers = allOf(first);
      const name = { ...NAME, layers };
      const store = new CheckpointDatabase(`states-${first.info.kind}`);
      const kept = new KeptSessions(first, store, 1);
      await first.openSession({ session: 'a', layers, maxTokens: 256 });
      await feed(first, 'a', 0, IDS.slice(0, 60));
      // An answer after the prompt.
      await feed(first, 'a', 60, IDS.slice(60, 70), 1);
      const bytes = await keep(kept, name, 'a', 70);
      // A position that has no state: what is kept ends at the one before it.
      await feed(first, 'a', 70, IDS.slice(70, 74), 1);
      await feed(first, 'a', 74, IDS.slice(74, 90));
      expect(await keep(kept, name, 'a', 80, 70)).toBeLessThan(bytes);

      const again = new KeptSessions(second, store, 1);
      const free = second.freeTokens();
      const open = async (length: number) => {
        await second.openSession({ session: 'b', layers, maxTokens: 256 });
        expect(await again.restore('b', name)).toBe(length);
      };
      await open(74);
      expect(await first.truncateSession('a', 80)).toBe(74);
      const next = IDS.slice(0, 30);
      expect(await feed(second, 'b', 74, next)).toEqual(await feed(first, 'a', 74, next));
      // The answer came back otherwise: on from the prompt.
      for (const [runner, session] of [
        [first, 'a'],
        [second, 'b'],
      ] as const)
        expect(await runner.truncateSession(session, 73)).toBe(60);
      expect(await feed(second, 'b', 60, next)).toEqual(await feed(first, 'a', 60, next));
      await second.closeSession('b');
      expect(second.freeTokens()).toBe(free);

      // Three pages and a state come, the second state does not: nothing of them stays.
      const read = store.part.bind(store);
      let reads = 0;
      store.part = async (id, part) => (++reads === 5 ? undefined : read(id, part));
      await open(0);
      expect(reads).toBe(5);
      const whole = await feed(second, 'b', 0, IDS.slice(0, 60));
      await first.truncateSession('a', 0);
      expect(whole).toEqual(await feed(first, 'a', 0, IDS.slice(0, 60)));
    });

    it('gives them where no layer has pages', async () => {
      const options = tinyArchitecture('qwen35');
      const { readers, ...rest } = await splitBytes(makeTinyModel(options), 5);
      // One layer each; the fourth is the first with attention.
      const [first, second] = await Promise.all(
        [0, 1].map(() => openRunner({ ...rest, readers: readers.slice(0, 3) })),
      );
      runners.push(first!, second!);
      const part = { start: 0, end: 3 };
      const name = { ...NAME, layers: part };
      const taskOf = (session: string, position: number, ids: readonly number[]): StageTask => ({
        ...{ session, layers: part, position },
        input: { dtype: 'u32', ids: Uint32Array.from(ids) },
      });
      const store = new CheckpointDatabase(`no-pages-${first!.info.kind}`);
      const kept = new KeptSessions(first!, store);
      await first!.openSession({ session: 'a', layers: part, maxTokens: 256 });
      await first!.execute(taskOf('a', 0, IDS.slice(0, 20)));
      await keep(kept, name, 'a', 20);
      await second!.openSession({ session: 'b', layers: part, maxTokens: 256 });
      expect(await new KeptSessions(second!, store).restore('b', name)).toBe(20);
      const [a, b] = [
        await first!.execute(taskOf('a', 20, IDS.slice(20, 30))),
        await second!.execute(taskOf('b', 20, IDS.slice(20, 30))),
      ];
      expect(b.hidden).toEqual(a.hidden);
    });
  });
}
