import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { KeptSessions } from '../../src/engine/kept-sessions.ts';
import type { LayerRunner, StageTask } from '../../src/engine/layer-runner.ts';
import type { SessionPages } from '../../src/engine/session-pages.ts';
import type { Candidates } from '../../src/protocol/frames.ts';
import { CheckpointDatabase } from '../../src/store/idb/checkpoint-database.ts';
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
    const layers = { start: 0, end: 4 };
    beforeAll(async () => {
      model = await splitBytes(makeTinyModel({ type: 'Q4_1' }), 2);
      runners.push(await openRunner(model), await openRunner(model));
    });
    afterAll(async () => {
      for (const runner of runners) await runner.close();
    });

    async function feed(runner: LayerRunner, session: string, from: number, ids: readonly number[]) {
      const rows: Candidates[] = [];
      for (let at = 0; at < ids.length; at += 24) {
        const input = { dtype: 'u32' as const, ids: Uint32Array.from(ids.slice(at, at + 24)) };
        const task: StageTask = { session, layers, position: from + at, input, candidates: ALL };
        rows.push(...(await runner.execute(task)).rows!);
      }
      return rows;
    }

    async function keep(kept: KeptSessions, session: string, length: number, unchanged = 0): Promise<number> {
      const bytes = await kept.begin(session, { ...NAME, layers }, { length, unchanged, maxBytes: ROOM });
      while (!(await kept.writeNext(session)));
      return bytes;
    }

    it('gives another page the bits that the session would have given, also where it had grown and branched', async () => {
      const [first, second] = runners as [KeepingRunner, KeepingRunner];
      const store = new CheckpointDatabase(`bits-${first.info.kind}`);
      // Parts of one page.
      const kept = new KeptSessions(first, store, 1);
      await first.openSession({ session: 'a', layers, maxTokens: 256 });
      // Other sessions take pages between those of this one.
      await first.openSession({ session: 'other', layers, maxTokens: 256 });
      await feed(first, 'a', 0, IDS.slice(0, 40));
      await feed(first, 'other', 0, IDS.slice(60, 100));
      const whole = await keep(kept, 'a', 40);
      await feed(first, 'a', 40, IDS.slice(40, 110));
      const pageBytes = whole / 2;
      // The first page is as it was; the second has grown.
      expect(await keep(kept, 'a', 110, 40)).toBe(3 * pageBytes);
      await first.truncateSession('a', 70);
      await feed(first, 'a', 70, IDS.slice(100, 140));
      expect(await keep(kept, 'a', 110, 70)).toBe(2 * pageBytes);

      const again = new KeptSessions(second, store, 1);
      await second.openSession({ session: 'b', layers, maxTokens: 256 });
      expect(await again.restore('b', { ...NAME, layers })).toBe(110);
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
  });
}
