import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Transport } from '../../src/net/transport.ts';
import { COMMAND_PROTOCOL } from '../../src/protocol/commands.ts';
import { presenceTopic } from '../../src/protocol/directory.ts';
import { encodeFrame } from '../../src/protocol/frame-codec.ts';
import type { TaskFrame } from '../../src/protocol/frames.ts';
import { MAX_SESSIONS } from '../../src/protocol/limits.ts';
import type { SwarmNode } from '../../src/swarm/node.ts';
import { answerOf, promptOf } from './support/answer.ts';
import { TestSwarm } from './support/test-swarm.ts';

const PROMPT = promptOf(20);

let swarm: TestSwarm;
afterEach(() => swarm.close());

async function answer(): Promise<readonly number[]> {
  const { ids } = await answerOf(swarm.guest, { promptIds: PROMPT, maxTokens: 8 });
  return ids;
}

function task(more: Partial<TaskFrame> = {}): TaskFrame {
  const stage = { peerId: swarm.nodes[0]!.peerId, layers: { start: 0, end: 8 } };
  return {
    kind: 'task',
    session: 'f'.repeat(32),
    task: 0,
    coordinator: 'nobody',
    route: [stage],
    position: 0,
    input: { dtype: 'u32', ids: Uint32Array.of(1) },
    candidates: { rows: 'none', count: 1, wantedIds: new Uint32Array() },
    timings: [],
    ...more,
  };
}

async function channelTo(
  index: number,
): Promise<{ hostile: Transport; send: (bytes: Uint8Array) => Promise<void>; closed: Promise<unknown> }> {
  const hostile = swarm.network.createTransport();
  const channel = await hostile.openChannel(swarm.nodes[index]!.peerId);
  const closed = new Promise((resolve) => channel.onClose(resolve));
  return { hostile, send: (bytes) => channel.send(bytes), closed };
}

describe('a hostile peer', () => {
  it('is dropped for bytes that are no frame, and honest answers go on', async () => {
    swarm = await TestSwarm.create([[0], [1], [2], [3]]);
    const honest = await answer();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        const { send, closed } = await channelTo(0);
        await send(bytes);
        await closed;
      }),
      { numRuns: 50 },
    );
    expect(await answer()).toEqual(honest);
  });

  it('gets an error for a session that it has not opened, and cannot touch one of others', async () => {
    swarm = await TestSwarm.create([[0], [1], [2], [3]]);
    const [honest] = await Promise.all([
      answer(),
      (async () => {
        const { hostile, send } = await channelTo(0);
        for (let index = 0; index < 50; index++)
          await send(encodeFrame(task({ task: index, coordinator: hostile.peerId })));
      })(),
    ]);
    expect(honest).toEqual(await answer());
    expect(swarm.nodes[0]!.stages.tasksFailed).toBe(50);
  });

  it('learns no session and no task of others: neither is in what a node tells of itself', async () => {
    swarm = await TestSwarm.create([[0], [1], [2], [3]]);
    const { hostile, send } = await channelTo(0);
    await send(encodeFrame(task({ coordinator: hostile.peerId })));
    await answer();
    const stats = await swarm.guest.commands.send(swarm.nodes[0]!.peerId, 'GET_STATS', undefined);
    expect(stats.tasks_failed).toBe(1);
    expect(stats.recent_tasks.length).toBeGreaterThan(5);
    expect(stats.recent_tasks.filter((record) => 'task' in record || 'session' in record)).toEqual([]);
    expect(JSON.stringify(stats)).not.toContain('f'.repeat(32));
    expect(JSON.stringify(stats)).not.toContain(hostile.peerId);
  });

  it('breaks its own session alone by wrong shapes and positions', async () => {
    swarm = await TestSwarm.create([[0, 1, 2, 3]]);
    const honest = await answer();
    const hostile = swarm.network.createTransport();
    const node = swarm.nodes[0]!.peerId;
    const open = {
      command: 'OPEN_SESSION',
      request_id: '1',
      from: hostile.peerId,
      to: node,
      params: { session: 'e'.repeat(32), layers: { start: 0, end: 30 }, max_tokens: 10 },
    };
    await hostile.request(node, COMMAND_PROTOCOL, new TextEncoder().encode(JSON.stringify(open)));
    const channel = await hostile.openChannel(node);
    const route = [{ peerId: node, layers: { start: 0, end: 30 } }];
    const mine = { session: 'e'.repeat(32), coordinator: hostile.peerId, route };
    await channel.send(encodeFrame(task({ ...mine, position: 7 })));
    await channel.send(encodeFrame(task({ ...mine, position: 0xffffffff })));
    await channel.send(encodeFrame(task({ ...mine, route: [{ peerId: node, layers: { start: 3, end: 9 } }] })));
    expect(await answer()).toEqual(honest);
  });

  it('cannot speak for another: the sender of a command and of a presence is who the connection says', async () => {
    swarm = await TestSwarm.create([[0], [1], [2], [3]]);
    const hostile = swarm.network.createTransport();
    const victim = swarm.nodes[1]!.peerId;
    const forged = {
      command: 'CLOSE_SESSION',
      request_id: '1',
      from: swarm.guest.peerId,
      to: victim,
      params: { session: 'a'.repeat(32) },
    };
    const response = await hostile.request(victim, COMMAND_PROTOCOL, new TextEncoder().encode(JSON.stringify(forged)));
    expect(JSON.parse(new TextDecoder().decode(response))).toMatchObject({
      status: 'error',
      error: { code: 'bad-command' },
    });
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.uint8Array(),
          fc.json().map((json) => new TextEncoder().encode(json)),
        ),
        (message) => hostile.publish(presenceTopic('a'.repeat(64)), message),
      ),
    );
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(swarm.guest.membership.members().map(({ peerId }) => peerId)).not.toContain(hostile.peerId);
    expect((await answer()).length).toBe(8);
  });

  it('makes up thousands who claim everything, and answers go through those who are there, as fast as before', async () => {
    swarm = await TestSwarm.create([[0], [1], [2], [3]]);
    const honest = await answer();
    const hostile = swarm.network.createTransport();
    for (const { peerId } of [swarm.guest, ...swarm.nodes]) await hostile.connect(peerId);
    const claim = (claims: object) => {
      const everything = { ready: [0, 1, 2, 3], pending: [], layersPerSecond: 1e308, queueLength: 0, leaving: false };
      return new TextEncoder().encode(JSON.stringify({ sequence: 1, ...everything, ...claims }));
    };
    for (let name = 0; name < 4096; name++)
      hostile.forge(`phantom ${name}`, presenceTopic('a'.repeat(64)), claim({ willing: true, auto: true }));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const { guest } = swarm;
    expect(guest.membership.members().length).toBeGreaterThan(20);
    expect(guest.membership.members().length).toBeLessThan(100);
    expect(await answer()).toEqual(honest);
    const sent = vi.spyOn(guest.commands, 'send');
    expect(await answer()).toEqual(honest);
    const asked = new Set(sent.mock.calls.map(([peerId]) => peerId));
    expect([...asked].filter((peerId) => peerId.startsWith('phantom'))).toEqual([]);
  });

  it('loads and unloads nothing without the consent of the owner', async () => {
    swarm = await TestSwarm.create([[0]]);
    const { peerId, stages } = swarm.nodes[0]!;
    for (const command of ['LOAD_SHARD', 'UNLOAD_SHARD'] as const) {
      const sent = swarm.guest.commands.send(peerId, command, { shard_id: command === 'LOAD_SHARD' ? 1 : 0 });
      await expect(sent).rejects.toMatchObject({ code: 'consent-required' });
    }
    const { shards } = await swarm.guest.commands.send(peerId, 'GET_CAPABILITIES', undefined);
    expect(shards).toEqual([0]);
    expect(stages.sessionCount).toBe(0);
    const consenting = await TestSwarm.create([[0]], { willing: true });
    const [node] = consenting.nodes;
    await consenting.guest.commands.send(node!.peerId, 'LOAD_SHARD', { shard_id: 1 });
    expect((await consenting.guest.commands.send(node!.peerId, 'GET_CAPABILITIES', undefined)).shards).toEqual([0, 1]);
    const unloaded = consenting.guest.commands.send(node!.peerId, 'UNLOAD_SHARD', { shard_id: 1 });
    await expect(unloaded).rejects.toMatchObject({ code: 'consent-required' });
    await consenting.close();
  });

  it('unloads nothing but for those whom the owner has picked', async () => {
    const trusted: string[] = [];
    swarm = await TestSwarm.create([[0, 1]], { trusted });
    const { peerId } = swarm.nodes[0]!;
    const unload = (tab: SwarmNode) => tab.commands.send(peerId, 'UNLOAD_SHARD', { shard_id: 1 });
    const friend = swarm.addGuest();
    trusted.push(friend.peerId);
    await expect(unload(swarm.guest)).rejects.toMatchObject({ code: 'consent-required' });
    await unload(friend);
    await expect(friend.commands.send(peerId, 'LOAD_SHARD', { shard_id: 1 })).rejects.toMatchObject({
      code: 'consent-required',
    });
    expect((await friend.commands.send(peerId, 'GET_CAPABILITIES', undefined)).shards).toEqual([0]);
  });

  it('that floods a node with sessions is refused at the limit, and leaves room to others', async () => {
    swarm = await TestSwarm.create([[0], [1], [2], [3]]);
    const hostile = swarm.network.createTransport();
    const node = swarm.nodes[0]!.peerId;
    const codes: (string | undefined)[] = [];
    for (let index = 0; index < 2 * MAX_SESSIONS; index++) {
      const open = {
        command: 'OPEN_SESSION',
        request_id: `${index}`,
        from: hostile.peerId,
        to: node,
        params: { session: index.toString(16).padStart(32, '0'), layers: { start: 0, end: 8 }, max_tokens: 10 },
      };
      const response = await hostile.request(node, COMMAND_PROTOCOL, new TextEncoder().encode(JSON.stringify(open)));
      codes.push((JSON.parse(new TextDecoder().decode(response)) as { error?: { code: string } }).error?.code);
    }
    expect(codes.at(-1)).toBe('busy');
    expect(codes.filter((code) => code === undefined).length).toBeLessThan(MAX_SESSIONS);
    expect((await answer()).length).toBe(8);
  });
});
