import { beforeEach, expect, it } from 'vitest';
import { EnginePool, type PooledEngine } from '../../../../cli/bridge/tab/engine-pool.ts';

const { signal } = new AbortController();

let pool: EnginePool;
beforeEach(() => {
  pool = new EnginePool();
});

/** Asks, one after the other, and says who answered. */
async function ask(...texts: readonly string[]): Promise<readonly PooledEngine[]> {
  const engines: PooledEngine[] = [];
  for (const text of texts) {
    const engine = await pool.take(text, signal);
    engines.push(engine);
    pool.free(engine);
  }
  return engines;
}

it('goes on where a request’s beginning was said', async () => {
  const [ann, bob] = await ask('My name is Ann.', 'I am called Bob.');
  expect(bob).not.toEqual(ann);
  const [bobAgain, annAgain] = await ask('I am called Bob. Hello Bob. And you?', 'My name is Ann. Hello Ann.');
  expect([annAgain, bobAgain]).toEqual([ann, bob]);
});

it('gives up no long conversation for a short beginning', async () => {
  const [long] = await ask(`Be brief. ${'word '.repeat(50)}`);
  const [short] = await ask('Be brief. What is new?');
  expect(short).not.toEqual(long);
  // What is lost is less than what is reused.
  expect(await ask('Be brief. What is old?')).toEqual([short]);
});

it('gives a new conversation the engine that was used least recently', async () => {
  const first = await ask('a1', 'b2', 'c3', 'd4');
  expect(new Set(first.map(({ name }) => name)).size).toBe(4);
  expect(await ask('b2', 'e5', 'f6')).toEqual([first[1], first[0], first[2]]);
});

it('takes a free engine before it waits for a better', async () => {
  const busy = await pool.take('My name is Ann.', signal);
  expect(await pool.take('My name is Ann. Hello.', signal)).not.toEqual(busy);
});
