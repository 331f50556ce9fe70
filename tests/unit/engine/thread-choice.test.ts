import { expect, it } from 'vitest';
import { ThreadChoice, type ThreadUse } from '../../../src/engine/cpu/thread-choice.ts';

/** How often each way is taken in so many tasks of these times. */
function run(choice: ThreadChoice, tasks: number, ms: Record<ThreadUse, number>): Record<ThreadUse, number> {
  const taken = { alone: 0, together: 0 };
  for (let task = 0; task < tasks; task++) {
    const use = choice.next();
    taken[use]++;
    choice.learn(use, ms[use]);
  }
  return taken;
}

it('takes the faster way, tries the other now and then, and changes its mind with the machine', () => {
  const choice = new ThreadChoice();
  const quiet = run(choice, 300, { alone: 8, together: 5 });
  expect(quiet.alone).toBeGreaterThan(4);
  expect(quiet.alone).toBeLessThan(12);
  run(choice, 300, { alone: 8, together: 20 });
  const busy = run(choice, 300, { alone: 8, together: 20 });
  expect(busy.together).toBeGreaterThan(2);
  expect(busy.together).toBeLessThan(8);
});
