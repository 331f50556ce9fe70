import { expect, it } from 'vitest';
import type { LayerRunner, StageTask } from '../../../src/engine/layer-runner.ts';
import { StageWork, type Work } from '../../../src/swarm/stage/stage-work.ts';
import { Lane } from '../../../src/swarm/stage/task-queue.ts';

const LAYERS = { start: 0, end: 4 };

it('takes up a task that came while an errand of its place was under way, without another push', async () => {
  const work = new StageWork(LAYERS.end);
  const executeBatch = async (tasks: readonly StageTask[]) => tasks.map(() => ({ computeMs: 0 }));
  work.useRunner({ executeBatch } as unknown as LayerRunner);
  const lane = new Lane<Work>('coordinator', LAYERS);
  const { promise: errandEnds, resolve: endErrand } = Promise.withResolvers<void>();
  const errand = work.run(lane, () => errandEnds);
  const done = new Promise<void>((resolve, reject) => {
    work.push(lane, {
      ...{ task: 0, tokens: 1, bytes: 4, forOthers: true },
      stage: { session: 's', layers: LAYERS, position: 0, input: { dtype: 'u32', ids: new Uint32Array(1) } },
      done: async () => resolve(),
      failed: async (error) => reject(error),
    });
  });
  await Promise.resolve();
  endErrand();
  await errand;
  await done;
  expect(work.length).toBe(0);
}, 2000);
