import { afterEach, describe, expect, it, vi } from 'vitest';
import type { FrameChannel, Transport } from '../../src/net/transport.ts';
import { COMMAND_PROTOCOL } from '../../src/protocol/commands.ts';
import { presenceTopic } from '../../src/protocol/directory.ts';
import { decodeFrame, encodeFrame } from '../../src/protocol/frame-codec.ts';
import type { Frame, TaskFrame } from '../../src/protocol/frames.ts';
import { MAX_NEXT_NODES_PER_PEER, MAX_SESSIONS, MAX_SESSIONS_PER_PEER } from '../../src/protocol/limits.ts';
import type { SwarmNode } from '../../src/swarm/node.ts';
import { NO_CANDIDATES } from '../../src/swarm/stage/replay.ts';
import { answerOf, promptOf } from './support/answer.ts';
import { TestSwarm, type TestSwarmOptions } from './support/test-swarm.ts';

const PROMPT = promptOf(20);
const TOKENS = 8;
const LAYERS = [
  { start: 0, end: 8 },
  { start: 8, end: 16 },
] as const;
const SESSION = 'e'.repeat(32);
/** Time for what must not happen to happen. */
const soon = () => new Promise((resolve) => setTimeout(resolve, 100));

let swarm: TestSwarm;
afterEach(() => swarm.close());

async function whole(options: TestSwarmOptions = {}): Promise<SwarmNode[]> {
  swarm = await TestSwarm.create([[0], [1], [2], [3]], options);
  return swarm.nodes;
}

async function answer(guest = swarm.guest, onToken?: (count: number) => unknown): Promise<readonly number[]> {
  const { ids } = await answerOf(guest, { promptIds: PROMPT, maxTokens: TOKENS, onToken });
  return ids;
}

/** A peer that speaks the protocols and nothing else. */
class Stranger {
  readonly transport: Transport = swarm.network.createTransport();
  readonly heard: Frame[] = [];
  /** What it answers to commands: success without a word unless told otherwise. */
  readonly asked: string[] = [];
  #channel: FrameChannel | undefined;

  constructor() {
    this.transport.handleChannels((channel) => channel.onFrame((bytes) => this.heard.push(decodeFrame(bytes))));
    this.transport.handleRequests(COMMAND_PROTOCOL, async (_, request) => {
      const { command, request_id } = JSON.parse(new TextDecoder().decode(request));
      this.asked.push(command);
      const error = { code: 'unknown-session', message: 'No.' };
      return new TextEncoder().encode(JSON.stringify({ command, request_id, status: 'error', error }));
    });
  }

  get peerId(): string {
    return this.transport.peerId;
  }

  async reach(node: SwarmNode): Promise<void> {
    this.#channel ??= await this.transport.openChannel(node.peerId);
    this.#channel.onFrame((bytes) => this.heard.push(decodeFrame(bytes)));
  }

  async send(node: SwarmNode, frame: Frame): Promise<void> {
    await this.reach(node);
    await this.#channel!.send(encodeFrame(frame));
  }

  /** @returns the code of the error, or undefined */
  async command(node: SwarmNode, command: string, params: unknown): Promise<string | undefined> {
    const envelope = { command, request_id: '1', from: this.peerId, to: node.peerId, params };
    const bytes = new TextEncoder().encode(JSON.stringify(envelope));
    const response = await this.transport.request(node.peerId, COMMAND_PROTOCOL, bytes);
    return (JSON.parse(new TextDecoder().decode(response)) as { error?: { code: string } }).error?.code;
  }

  open(node: SwarmNode, params: Record<string, unknown> = {}): Promise<string | undefined> {
    return this.command(node, 'OPEN_SESSION', { session: SESSION, layers: LAYERS[0], max_tokens: 1000, ...params });
  }

  task(node: SwarmNode, more: Partial<TaskFrame> = {}): TaskFrame {
    return {
      ...{ kind: 'task', session: SESSION, task: 0, coordinator: this.peerId, position: 0, timings: [] },
      route: [{ peerId: node.peerId, layers: LAYERS[0] }],
      input: { dtype: 'u32', ids: Uint32Array.of(1) },
      candidates: NO_CANDIDATES,
      ...more,
    };
  }
}

/** The tasks that a node's frames bring from now on. */
function tasksOf(node: SwarmNode): TaskFrame[] {
  const tasks: TaskFrame[] = [];
  node.exchange.onFrame(({ frame }) => {
    if (frame.kind !== 'task') return;
    // The runner has taken the values with their buffer.
    const { input } = frame;
    tasks.push({ ...frame, input: input.dtype === 'f32' ? { dtype: 'f32', hidden: Float32Array.of(1) } : input });
  });
  return tasks;
}

describe("a stranger that knows a session's id", () => {
  it.each([0, 1])('cannot put a task into it, at stage %i', async (place) => {
    const nodes = await whole({ computeMs: 5 });
    const honest = await answer();
    const stranger = new Stranger();
    const seen = tasksOf(nodes[place]!);
    const forge = async () => {
      // Just what would come next, from the coordinator as it says.
      const last = seen.at(-1)!;
      await stranger.send(nodes[place]!, { ...last, task: last.task + 1, position: last.position + 1 });
    };
    expect(await answer(swarm.guest, (count) => (count <= 4 ? forge() : undefined))).toEqual(honest);
    await vi.waitFor(() => expect(stranger.heard.length).toBe(4), 5000);
    expect(stranger.heard.map((frame) => frame.kind === 'error' && frame.error.code)).toEqual(
      new Array(4).fill('unknown-session'),
    );
  });

  it('cannot have its outputs sent elsewhere', async () => {
    const nodes = await whole({ computeMs: 5 });
    const honest = await answer();
    const thief = new Stranger();
    const seen = tasksOf(nodes[0]!);
    const route = (last: TaskFrame) => [last.route[0]!, { peerId: thief.peerId, layers: LAYERS[1] }];
    const steal = () => thief.send(nodes[0]!, { ...seen.at(-1)!, route: route(seen.at(-1)!) });
    expect(await answer(swarm.guest, (count) => (count <= 4 ? steal() : undefined))).toEqual(honest);
    await soon();
    expect(thief.heard.filter(({ kind }) => kind === 'task')).toEqual([]);
  });

  it('cannot have them sent elsewhere by the stage before either', async () => {
    const nodes = await whole({ computeMs: 5 });
    const honest = await answer();
    const thief = new Stranger();
    const { exchange } = nodes[0]!;
    const { deliver } = exchange;
    let lies = 0;
    // The first stage itself adds a stage of its own to the route that it passes on.
    exchange.deliver = (to, frame, signal) => {
      if (frame.kind !== 'task' || lies++ > 0) return deliver.call(exchange, to, frame, signal);
      const route = [frame.route[0]!, { peerId: thief.peerId, layers: LAYERS[1] }, ...frame.route.slice(1)];
      return deliver.call(exchange, to, { ...frame, route }, signal);
    };
    expect(await answer()).toEqual(honest);
    expect(lies).toBeGreaterThan(1);
    expect(thief.heard.filter(({ kind }) => kind === 'task')).toEqual([]);
  });

  it('learns nothing of a task, and moves no neighbour', async () => {
    const nodes = await whole({ computeMs: 5 });
    const honest = await answer();
    const stranger = new Stranger();
    const seen = tasksOf(nodes[1]!);
    const codes: (string | undefined)[] = [];
    const meddle = async () => {
      const { session, task } = seen.at(-1)!;
      const place = { session, layers: LAYERS[1] };
      codes.push(await stranger.command(nodes[1]!, 'GET_TASK', { ...place, task }));
      codes.push(await stranger.command(nodes[1]!, 'LINK_SESSION', { ...place, before: [stranger.peerId] }));
      codes.push(await stranger.command(nodes[1]!, 'AWAIT_SESSION', place));
    };
    expect(await answer(swarm.guest, (count) => (count === 3 ? meddle() : undefined))).toEqual(honest);
    expect(codes).toEqual(new Array(3).fill('unknown-session'));
  });
});

describe('a stranger that uses a node against others', () => {
  it('has nothing sent to a node that does not expect it, and nothing replayed', async () => {
    const [node] = await whole();
    const stranger = new Stranger();
    const victim = new Stranger();
    const next = { peerId: victim.peerId, layers: LAYERS[1] };
    await stranger.reach(node!);
    expect(await stranger.open(node!, { after: [victim.peerId] })).toBeUndefined();
    const mine = stranger.task(node!);
    for (let task = 0; task < 16; task++)
      await stranger.send(node!, { ...mine, task, position: task, route: [...mine.route, next] });
    await vi.waitFor(() => expect(stranger.heard.filter(({ kind }) => kind === 'error').length).toBe(16), 5000);
    const replay = { session: SESSION, layers: LAYERS[0], length: 1, max_tokens: 1 };
    const route = [{ peer_id: victim.peerId, layers: LAYERS[1] }];
    for (let count = 0; count < 20; count++)
      expect(await stranger.command(node!, 'REPLAY_SESSION', { ...replay, route })).toBe('unknown-session');
    expect(victim.heard).toEqual([]);
    expect(new Set(victim.asked)).toEqual(new Set(['AWAIT_SESSION']));
  });

  it('has nothing replayed outside of the route that was agreed on', async () => {
    const [node, other] = await whole();
    const stranger = new Stranger();
    const victim = new Stranger();
    await stranger.reach(node!);
    await stranger.open(node!, { after: [other!.peerId] });
    const replay = { session: SESSION, layers: LAYERS[0], length: 1, max_tokens: 1 };
    const route = [{ peer_id: victim.peerId, layers: LAYERS[1] }];
    expect(await stranger.command(node!, 'REPLAY_SESSION', { ...replay, route })).toBe('bad-request');
    expect(victim.asked).toEqual([]);
  });

  it('has it call nobody for an error, and few for its sessions', async () => {
    const [node] = await whole();
    const stranger = new Stranger();
    const called = new Set<string>();
    const transport = swarm.transportOf(node!.peerId);
    const { openChannel } = transport;
    transport.openChannel = (...args) => {
      called.add(args[0]);
      return openChannel.apply(transport, args);
    };
    for (let count = 0; count < 500; count++) {
      const names = { coordinator: `coordinator-${count}`, session: count.toString(16).padStart(32, '0') };
      await stranger.send(node!, { ...stranger.task(node!), ...names });
    }
    await vi.waitFor(() => expect(stranger.heard.length).toBe(500), 5000);
    expect([...called]).toEqual([]);

    let refused = 0;
    for (let count = 0; count < 100; count++) {
      const neighbours = { session: SESSION, layers: LAYERS[0], after: [`next-${count}`] };
      if (count === 0) await stranger.open(node!, neighbours);
      else if ((await stranger.command(node!, 'LINK_SESSION', neighbours)) === 'limit-exceeded') refused++;
    }
    expect(refused).toBe(100 - MAX_NEXT_NODES_PER_PEER);
  });

  it('is told of what it did wrong the way it came, and the honest go on', async () => {
    await whole({ computeMs: 2 });
    const honest = await answer();
    const stranger = new Stranger();
    const talk = answer();
    for (let count = 0; count < 200; count++)
      await stranger.send(swarm.nodes[2]!, stranger.task(swarm.nodes[2]!, { coordinator: swarm.guest.peerId }));
    expect(await talk).toEqual(honest);
  });
});

describe('twenty strangers that claim to have everything, each with a connection of its own', () => {
  const CLAIM = {
    ...{ ready: [0, 1, 2, 3], pending: [], layersPerSecond: 1e308, queueLength: 0, memoryBytes: 1e12, willing: true },
    ...{ links: [], draining: false, leaving: false },
  };

  async function claimed(after: (stranger: Stranger) => void = () => undefined) {
    await whole({ computeMs: 1 });
    const honest = await answer();
    const strangers = Array.from({ length: 20 }, () => new Stranger());
    for (const { transport } of strangers) {
      const message = new TextEncoder().encode(JSON.stringify({ ...CLAIM, sequence: Date.now() }));
      await transport.publish(presenceTopic('a'.repeat(64)), message);
    }
    const guest = swarm.addGuest();
    for (const { transport } of strangers) {
      const message = new TextEncoder().encode(JSON.stringify({ ...CLAIM, sequence: Date.now() + 1 }));
      await transport.publish(presenceTopic('a'.repeat(64)), message);
    }
    await vi.waitFor(() => expect(guest.membership.members().length).toBe(24), 10_000);
    strangers.forEach(after);
    return { honest, guest, strangers };
  }

  it('and open nothing: every answer comes', { timeout: 60_000 }, async () => {
    const { honest, guest, strangers } = await claimed();
    for (let count = 0; count < 4; count++) expect(await answer(guest)).toEqual(honest);
    const asked = strangers.map((stranger) => stranger.asked.filter((command) => command === 'OPEN_SESSION').length);
    expect(Math.max(...asked)).toBeLessThanOrEqual(2);
  });

  it('and are gone: every answer comes', { timeout: 60_000 }, async () => {
    const { honest, guest } = await claimed(({ peerId }) => swarm.network.kill(peerId));
    for (let count = 0; count < 4; count++) expect(await answer(guest)).toEqual(honest);
  });
});

describe('strangers that take all places of a node', () => {
  /** As many as take them all, each what one may have. */
  async function takeAll(node: SwarmNode, connected: boolean): Promise<Stranger[]> {
    const strangers = Array.from({ length: MAX_SESSIONS / MAX_SESSIONS_PER_PEER }, () => new Stranger());
    for (const [index, stranger] of strangers.entries()) {
      if (connected) await stranger.reach(node);
      for (let count = 0; count < MAX_SESSIONS_PER_PEER; count++) {
        const session = (index * MAX_SESSIONS_PER_PEER + count).toString(16).padStart(32, '0');
        expect(await stranger.open(node, { session })).toBeUndefined();
      }
    }
    expect(node.stages.sessionCount).toBe(MAX_SESSIONS);
    return strangers;
  }

  it('give them up as soon as somebody waits where they are not connected', { timeout: 60_000 }, async () => {
    const [node] = await whole({ limits: () => ({ restMs: 120_000 }) });
    await takeAll(node!, false);
    expect((await answer()).length).toBe(TOKENS);
  });

  it('give them up when they go', { timeout: 60_000 }, async () => {
    const [node] = await whole({ limits: () => ({ restMs: 120_000 }) });
    const strangers = await takeAll(node!, true);
    for (const { transport } of strangers) swarm.network.kill(transport.peerId);
    expect((await answer()).length).toBe(TOKENS);
  });

  it('give them up after a rest where they send no task', { timeout: 60_000 }, async () => {
    const [node] = await whole({ limits: () => ({ restMs: 1000 }) });
    await takeAll(node!, true);
    expect((await answer()).length).toBe(TOKENS);
  });
});
