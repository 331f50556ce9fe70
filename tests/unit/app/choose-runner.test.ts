import { expect, it } from 'vitest';
import { chooseRunner } from '../../../src/app/choose-runner.ts';
import { autoThreads, MAX_THREADS } from '../../../workers/thread-count.ts';

it('takes a real GPU, and the processor where there is none or a slower one', () => {
  const settings = { runner: 'auto', threads: 'auto' } as const;
  expect(chooseRunner(settings, 'available')).toMatchObject({ kind: 'webgpu', otherwise: { kind: 'cpu' } });
  expect(chooseRunner(settings, 'software')).toMatchObject({ kind: 'cpu', threads: undefined });
  expect(chooseRunner(settings, 'missing')).toMatchObject({ kind: 'cpu', threads: undefined });
});

it('lets the settings overrule it, and hands the threads on wherever the processor may compute', () => {
  expect(chooseRunner({ runner: 'webgpu', threads: 'auto' }, 'missing')).not.toHaveProperty('otherwise');
  expect(chooseRunner({ runner: 'cpu', threads: 3 }, 'available')).toMatchObject({ kind: 'cpu', threads: 3 });
  expect(chooseRunner({ runner: 'auto', threads: 2 }, 'missing')).toMatchObject({ kind: 'cpu', threads: 2 });
  expect(chooseRunner({ runner: 'auto', threads: 2 }, 'available').otherwise).toMatchObject({ threads: 2 });
});

it('leaves a processor to the page, and has a thread on the smallest machine', () => {
  expect([1, 2, 4, 64].map(autoThreads)).toEqual([1, 1, 3, MAX_THREADS]);
});
