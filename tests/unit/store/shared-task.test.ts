import { describe, expect, it } from 'vitest';
import { ShoalError } from '../../../src/core/errors.ts';
import { SharedTask } from '../../../src/store/shared-task.ts';

/** A task that ends when told to. */
function manual() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let signal: AbortSignal | undefined;
  const task = new SharedTask<string>((taskSignal) => {
    signal = taskSignal;
    taskSignal.addEventListener('abort', () => reject(new ShoalError('aborted', 'stopped')));
    return promise;
  });
  return { task, resolve, reject, aborted: () => signal!.aborted };
}

describe('a shared task', () => {
  it('gives its result to all who wait', async () => {
    const { task, resolve, aborted } = manual();
    const joined = Promise.all([task.join(undefined), task.join(undefined)]);
    expect(task.running).toBe(true);
    resolve('done');
    expect(await joined).toEqual(['done', 'done']);
    expect(task.running).toBe(false);
    expect(aborted()).toBe(false);
  });

  it('goes on when one gives up, and stops when the last one does', async () => {
    const { task, aborted } = manual();
    const [first, second] = [new AbortController(), new AbortController()];
    const joins = [task.join(first.signal), task.join(second.signal)];
    first.abort();
    await expect(joins[0]).rejects.toMatchObject({ code: 'aborted' });
    expect(aborted()).toBe(false);
    second.abort();
    await expect(joins[1]).rejects.toMatchObject({ code: 'aborted' });
    expect(aborted()).toBe(true);
    expect(task.running).toBe(false);
    await task.settled();
  });

  it('fails for all who wait, and for nobody when nobody waits', async () => {
    const { task, reject } = manual();
    const joined = task.join(undefined);
    reject(new ShoalError('storage-full', 'full'));
    await expect(joined).rejects.toMatchObject({ code: 'storage-full' });
    const alone = manual();
    alone.reject(new Error('nobody sees this'));
    await alone.task.settled();
  });

  it('stops those who wait when it is aborted, and does not take a signal that is aborted already', async () => {
    const { task } = manual();
    const joined = task.join(undefined);
    await expect(task.join(AbortSignal.abort())).rejects.toMatchObject({ code: 'aborted' });
    expect(task.running).toBe(true);
    task.abort();
    await expect(joined).rejects.toMatchObject({ code: 'aborted' });
  });
});
