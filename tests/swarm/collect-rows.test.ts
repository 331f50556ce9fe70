import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryNetwork } from '../../src/net/memory/memory-transport.ts';
import type { ResultFrame } from '../../src/protocol/frames.ts';
import { collectRows } from '../../src/swarm/coordinator/collect-rows.ts';
import { FrameExchange } from '../../src/swarm/frames/frame-exchange.ts';

const WIDTH = 4;
const session = 'ab'.repeat(16);

let exchange: FrameExchange;
let end: AbortController;

beforeEach(() => {
  exchange = new FrameExchange(new MemoryNetwork().createTransport());
  end = new AbortController();
});

afterEach(() => {
  end.abort();
  return exchange.close();
});

const collect = (length: number) =>
  collectRows(exchange, WIDTH, { session, task: 7, from: exchange.peerId, length }, end.signal);
const send = (frame: Partial<ResultFrame>) =>
  exchange.deliver(exchange.peerId, { kind: 'result', session, task: 7, rows: [], timings: [], ...frame });
const rows = (count: number) => ({ hidden: new Float32Array(count * WIDTH).fill(1) });
const candidates = [
  { ids: new Uint32Array(1), logits: new Float32Array(1), logSumExp: 0, wantedLogits: new Float32Array() },
];

describe('rows of a task', () => {
  it('are together when as many came as were asked for; what comes later is not theirs', async () => {
    const { done } = collect(3);
    await send(rows(1));
    await send(rows(2));
    await send(rows(1));
    expect((await done).hidden).toHaveLength(3 * WIDTH);
  });

  it.each<[string, Partial<ResultFrame>[]]>([
    ['more', [rows(2), rows(2)]],
    ['half a row', [rows(2.5), rows(1)]],
    ['none', [rows(1), {}, rows(2)]],
    ['candidates in their place', [rows(2), { rows: candidates }]],
  ])('are refused where one sends %s', async (_, frames) => {
    const { done } = collect(3);
    for (const frame of frames) await send(frame);
    await expect(done).rejects.toMatchObject({ code: 'bad-result' });
  });
});
