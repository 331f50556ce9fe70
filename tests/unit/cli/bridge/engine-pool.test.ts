import { expect, it } from 'vitest';
import { EnginePool } from '../../../../cli/bridge/engine-pool.ts';

const { signal } = new AbortController();

it('goes on where a request’s beginning was said', async () => {
  const pool = new EnginePool();
  const [one, two] = [await pool.take('["chat",["I am Ann"', signal), await pool.take('["chat",["I am Bob"', signal)];
  pool.free(one);
  pool.free(two);
  const again = await pool.take('["chat",["I am Bob","Hello Bob","And you?"', signal);
  expect(again).toEqual(two);
  expect(await pool.take('["chat",["I am Ann","Hello"', signal)).toEqual(one);
});

it('gives a new conversation the engine that was used least recently', async () => {
  const pool = new EnginePool();
  const engines = await Promise.all(['a', 'b', 'c', 'd'].map((said) => pool.take(said, signal)));
  expect(new Set(engines.map(({ name }) => name)).size).toBe(4);
  for (const engine of engines.toReversed()) pool.free(engine);
  const second = await pool.take('b', signal);
  pool.free(second);
  expect(await pool.take('e', signal)).toEqual(engines[0]);
  expect(await pool.take('f', signal)).toEqual(engines[2]);
});
