import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ShoalError } from '../../src/core/errors.ts';
import type { LayerRunner, SessionOptions } from '../../src/engine/layer-runner.ts';
import type { CommandParams } from '../../src/protocol/commands.ts';
import { NO_CANDIDATES } from '../../src/swarm/stage/replay.ts';
import { TestSwarm } from './support/test-swarm.ts';

const SESSION = 'e'.repeat(32);
const LAYERS = { start: 0, end: 8 };
/** What the stage is asked for, but for whose it is. */
const PLACE = { layers: LAYERS, maxTokens: 10, firstTask: 0, hashes: true, before: [], after: [] };
/** Of a task: time to close its place meanwhile, also where others keep the machine busy. */
const COMPUTE_MS = 500;
const SOON = { timeout: 10_000, interval: 10 };

let swarm: TestSwarm;
let peerId: string;
beforeEach(async () => {
  swarm = await TestSwarm.create([[0]], { computeMs: COMPUTE_MS });
  ({ peerId } = swarm.nodes[0]!);
});
afterEach(() => swarm.close());

const open = (opening?: number) =>
  swarm.guest.commands.send(peerId, 'OPEN_SESSION', {
    ...{ session: SESSION, layers: LAYERS, max_tokens: 10 },
    ...(opening === undefined ? {} : { opening }),
  } as unknown as CommandParams<'OPEN_SESSION'>);
const close = (opening?: number, layers: typeof LAYERS | undefined = LAYERS) =>
  swarm.guest.commands.send(peerId, 'CLOSE_SESSION', { session: SESSION, layers, opening });
const places = () => [swarm.nodes[0]!.stages.sessionCount, swarm.runnerSessions(peerId)];

describe('a place of a session', () => {
  it('stays when a closing arrives that was meant for an earlier one', async () => {
    await open(1);
    await close(1);
    await open(2);
    await close(1);
    expect(places()).toEqual([1, 1]);
    await close(1, undefined);
    expect(places()).toEqual([1, 1]);
    await close(2);
    expect(places()).toEqual([0, 0]);
  });

  it('takes over from an earlier one whose closing is late', async () => {
    await open(1);
    await open(2);
    expect(places()).toEqual([1, 1]);
    await expect(open(2)).rejects.toMatchObject({ code: 'bad-request' });
    await expect(open(1)).rejects.toMatchObject({ code: 'bad-request' });
    await close(1);
    expect(places()).toEqual([1, 1]);
    await close(2, undefined);
    expect(places()).toEqual([0, 0]);
  });

  it.each([LAYERS, undefined])('is not opened any more when its closing was faster: layers %o', async (layers) => {
    await close(3, layers);
    await expect(open(3)).rejects.toMatchObject({ code: 'bad-request' });
    await expect(open(2)).rejects.toMatchObject({ code: 'bad-request' });
    expect(places()).toEqual([0, 0]);
    await open(4);
    expect(places()).toEqual([1, 1]);
  });

  it('is one alone when a later opening, or its closing, comes while the earlier place is closed', async () => {
    const { stages } = swarm.nodes[0]!;
    const coordinator = swarm.guest.peerId;
    const openNow = (opening: number) => stages.openSession(coordinator, { ...PLACE, session: SESSION, opening });
    await openNow(1);
    const second = openNow(2);
    const third = openNow(3);
    await expect(second).rejects.toMatchObject({ code: 'bad-request' });
    await third;
    expect(places()).toEqual([1, 1]);

    const fourth = openNow(4);
    await stages.closeSession(coordinator, SESSION, LAYERS, 4);
    await expect(fourth).rejects.toMatchObject({ code: 'bad-request' });
    expect(places()).toEqual([0, 0]);
  });

  it('stays when the opening that it took over from fails late', async () => {
    const { stages } = swarm.nodes[0]!;
    const { promise: late, reject } = Promise.withResolvers<void>();
    stages.useRunner({
      info: { maxTaskTokens: 16 },
      openSession: async ({ session }: SessionOptions) => (session.endsWith('/1') ? late : undefined),
      closeSession: async () => undefined,
    } as unknown as LayerRunner);
    const first = expect(open(1)).rejects.toMatchObject({ code: 'out-of-memory' });
    await vi.waitFor(() => expect(stages.sessionCount).toBe(1), SOON);
    await open(2);
    reject(new ShoalError('out-of-memory', 'No memory is left.'));
    await first;
    expect(stages.sessionCount).toBe(1);
  });

  it('keeps its place in the queue when a closing arrives that was meant for an earlier one', async () => {
    await swarm.close();
    swarm = await TestSwarm.create([[0]], { limits: () => ({ sessions: 1 }) });
    ({ peerId } = swarm.nodes[0]!);
    const { stages } = swarm.nodes[0]!;
    const openOther = (session: string) => stages.openSession('other', { ...PLACE, session, opening: 1 });
    await openOther('a'.repeat(32));
    const waits = (place: number) => ({ code: 'busy', queue: expect.objectContaining({ place }) });
    await expect(open(2)).rejects.toMatchObject(waits(1));
    for (const layers of [LAYERS, undefined]) {
      await close(1, layers);
      await expect(openOther('b'.repeat(32))).rejects.toMatchObject(waits(2));
    }
    await close(2);
    await expect(openOther('b'.repeat(32))).rejects.toMatchObject(waits(1));
  });

  it('opens and closes for a coordinator that does not count', async () => {
    await open();
    await expect(open()).rejects.toMatchObject({ code: 'bad-request' });
    await close();
    await open();
    await close(undefined, undefined);
    expect(places()).toEqual([0, 0]);
  });

  it('leaves nothing behind when it is closed while a task computes', async () => {
    const { exchange } = swarm.guest;
    const { stages } = swarm.nodes[0]!;
    await open(1);
    const task = { kind: 'task' as const, session: SESSION, coordinator: exchange.peerId, timings: [] };
    const route = [{ peerId, layers: LAYERS }];
    const input = { dtype: 'u32' as const, ids: Uint32Array.of(1, 2, 3) };
    const wanted = { candidates: NO_CANDIDATES, wire: undefined };
    await exchange.deliver(peerId, { ...task, ...wanted, task: 0, route, position: 0, input });
    await vi.waitFor(() => expect(stages.keptBytes).toBe(12), SOON);
    await exchange.deliver(peerId, { ...task, ...wanted, task: 1, route, position: 3, input });
    await vi.waitFor(() => expect(stages.queueLength).toBe(1), SOON);
    await close(1);
    await vi.waitFor(() => expect(stages.queueLength).toBe(0), SOON);
    expect(stages.keptBytes).toBe(0);
  });
});
