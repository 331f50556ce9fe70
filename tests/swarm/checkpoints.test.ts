import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { GenerationSummary } from '../../src/swarm/coordinator/generation.ts';
import type { CheckpointShelf, KeptConversation } from '../../src/swarm/coordinator/kept-conversation.ts';
import { DEFAULT_SAMPLING } from '../../src/swarm/coordinator/sampler.ts';
import type { SwarmNode } from '../../src/swarm/node.ts';
import { alone, promptOf } from './support/answer.ts';
import type { ArithmeticDisk } from './support/arithmetic-runner.ts';
import { TestSwarm, type TestSwarmOptions } from './support/test-swarm.ts';

/** As a browser notes it: outlasts its tabs. */
class MemoryShelf implements CheckpointShelf {
  readonly notes = new Map<string, KeptConversation>();
  read = async (key: string) => this.notes.get(key);
  write = async (key: string, kept: KeptConversation) => void this.notes.set(key, structuredClone(kept));
  remove = async (key: string) => void this.notes.delete(key);

  get only(): KeptConversation {
    expect(this.notes.size).toBe(1);
    return [...this.notes.values()][0]!;
  }
}

const PROMPT = promptOf(300);
const MORE = promptOf(340).slice(300);

let shelf: MemoryShelf;
let disk: ArithmeticDisk;
let swarm: TestSwarm;

beforeEach(() => {
  shelf = new MemoryShelf();
  disk = new Map();
});
afterEach(() => swarm.close());

async function open(holdings: readonly (readonly number[])[], options: TestSwarmOptions = {}): Promise<void> {
  swarm = await TestSwarm.create(holdings, { shelf, disk, ...options });
}

interface Told {
  readonly ids: readonly number[];
  readonly reused: number;
  readonly summary: GenerationSummary;
}

async function ask(
  node: SwarmNode,
  promptIds: readonly number[],
  { conversation = 'c', lasting = true, maxTokens = 8 } = {},
): Promise<Told> {
  const ids: number[] = [];
  const rest = { stopIds: new Set<number>(), sampling: DEFAULT_SAMPLING, topLogprobs: 0 };
  const tokens = node.coordinator.generate({ promptIds, maxTokens, conversation, lasting, ...rest });
  for (;;) {
    const { done, value } = await tokens.next();
    if (done) return { ids, reused: value.reusedTokens, summary: value };
    ids.push(value.id);
  }
}

const untilKept = (length: number) =>
  expect.poll(() => [...shelf.notes.values()].map(({ ids }) => ids.length), { timeout: 20_000 }).toEqual([length]);

/** A first question, which is kept, and what the next one is then. */
async function talk(): Promise<readonly number[]> {
  const { ids } = await ask(swarm.guest, PROMPT);
  await untilKept(PROMPT.length + ids.length - 1);
  return [...PROMPT, ...ids, ...MORE];
}

/** The page of a guest is opened anew. */
async function reload(): Promise<SwarmNode> {
  await swarm.guest.close();
  const again = swarm.addGuest();
  await expect.poll(() => again.nodeIds().length, { timeout: 10_000 }).toBe(swarm.nodes.length);
  return again;
}

const undisturbed = (promptIds: readonly number[]) => alone({ promptIds, maxTokens: 8 });

describe('a conversation that is kept', () => {
  it('goes on in another page without its prefill, to the same tokens', async () => {
    await open([[0], [1], [2, 3]]);
    const next = await talk();
    const names = shelf.only.stages.map(({ name }) => name);
    expect(new Set(names).size).toBe(3);
    expect(disk.size).toBe(3);
    const again = await reload();
    const { ids, reused } = await ask(again, next);
    expect(ids).toEqual(await undisturbed(next));
    // All but the token that was drawn last.
    expect(reused).toBe(PROMPT.length + 7);
    // It is kept anew, and under the same names: more of the same tokens.
    await untilKept(next.length + 7);
    expect(shelf.only.stages.map(({ name }) => name)).toEqual(names);
    expect(disk.size).toBe(3);
    await again.close();
  });

  it('goes on where a stage has opened anew too', async () => {
    await open([
      [0, 1],
      [2, 3],
    ]);
    const next = await talk();
    await swarm.removeNode(swarm.nodes[1]!, 'abrupt');
    await swarm.addNode([2, 3]);
    const second = await reload();
    const answer = await ask(second, next);
    expect(answer.reused).toBe(PROMPT.length + 7);
    expect(answer.ids).toEqual(await undisturbed(next));
    await second.close();
  });

  it('is computed anew where one stage has nothing', async () => {
    await open([[0], [1], [2, 3]]);
    const next = await talk();
    const [, second] = shelf.only.stages;
    expect(disk.delete(`${second!.name} 8-16`)).toBe(true);
    const again = await reload();
    const { ids, reused } = await ask(again, next);
    expect(ids).toEqual(await undisturbed(next));
    expect(reused).toBe(0);
    await again.close();
  });

  it('goes on from as much as every stage has', async () => {
    await open([[0], [1], [2, 3]]);
    const next = await talk();
    const [, second] = shelf.only.stages;
    for (const cache of disk.get(`${second!.name} 8-16`)!) cache.length = 270;
    const again = await reload();
    const { ids, reused } = await ask(again, next);
    expect(reused).toBe(270);
    expect(ids).toEqual(await undisturbed(next));
    await again.close();
  });

  it('goes on from what is still wanted of it', async () => {
    await open([
      [0, 1],
      [2, 3],
    ]);
    await talk();
    const before = shelf.only.stages.map(({ name }) => name);
    const again = await reload();
    const other = [...PROMPT.slice(0, 290), ...MORE];
    const { ids, reused } = await ask(again, other);
    expect(reused).toBe(290);
    expect(ids).toEqual(await undisturbed(other));
    // Under other names: whoever knows the old ones knows other tokens.
    await untilKept(other.length + 7);
    expect(shelf.only.stages.filter(({ name }) => before.includes(name))).toEqual([]);
    await expect.poll(() => disk.size).toBe(2);
    await again.close();
  });

  it('goes through the nodes that have it, where others hold the same', async () => {
    await open([[0, 1, 2, 3]]);
    const next = await talk();
    for (let node = 0; node < 4; node++) await swarm.addNode([0, 1, 2, 3]);
    const again = await reload();
    const answer = await ask(again, next);
    expect(answer.reused).toBe(PROMPT.length + 7);
    expect(swarm.runnerSessions(swarm.nodes[0]!.peerId)).toBeGreaterThan(0);
    await again.close();
  });

  it('is mended like any other when a stage goes in mid-answer, which has no outputs of its beginning to replay', async () => {
    await open([
      [0, 1],
      [2, 3],
      [0, 1],
      [2, 3],
    ]);
    const next = await talk();
    const again = await reload();
    const rest = { stopIds: new Set<number>(), sampling: DEFAULT_SAMPLING, topLogprobs: 0 };
    const ids: number[] = [];
    const request = { promptIds: next, maxTokens: 8, conversation: 'c', lasting: true, ...rest };
    for await (const { id, lap } of again.coordinator.generate(request)) {
      ids.push(id);
      const last = lap.stages.at(-1)!.peerId;
      if (ids.length === 3) swarm.kill(swarm.nodes.findIndex(({ peerId }) => peerId === last));
    }
    expect(ids).toEqual(await undisturbed(next));
    await again.close();
  });

  it('is deleted at its stages with the conversation', async () => {
    await open([
      [0, 1],
      [2, 3],
    ]);
    await talk();
    await swarm.guest.coordinator.discard('c');
    expect(shelf.notes.size).toBe(0);
    expect(disk.size).toBe(0);
  });

  it('is not kept when it is short, of a program, or goes on', async () => {
    await open([[0, 1, 2, 3]]);
    await ask(swarm.guest, PROMPT.slice(0, 200), { conversation: 'short' });
    await ask(swarm.guest, PROMPT, { conversation: 'program', lasting: false });
    const { ids } = await ask(swarm.guest, PROMPT);
    await ask(swarm.guest, [...PROMPT, ...ids, ...MORE]);
    await untilKept(PROMPT.length + ids.length + MORE.length + 7);
    expect(disk.size).toBe(1);
  });
});

describe('a stage that says of what it has kept', () => {
  it.each([
    ['more than anybody has', 1_000_000],
    ['as much as was kept, and has nothing', 307],
    ['less than others', 256],
  ])('%s costs time, and no token', async (_, positions) => {
    await open([[0], [1], [2, 3]]);
    const next = await talk();
    const liar = swarm.nodes[1]!;
    const { checkpoints } = swarm.runner(liar.peerId);
    Object.assign(checkpoints!, { restore: async () => positions });
    const again = await reload();
    const { ids } = await ask(again, next);
    expect(ids).toEqual(await undisturbed(next));
    await again.close();
  });

  it('is not checked of what it has not computed', async () => {
    await open(
      [
        [0, 1, 2, 3],
        [0, 1, 2, 3],
      ],
      { checks: true },
    );
    const next = await talk();
    const again = await reload();
    const sent = vi.spyOn(again.commands, 'send');
    const hashesAskedFor = () => sent.mock.calls.filter(([, command]) => command === 'GET_HASHES').length;
    const { ids, reused } = await ask(again, next);
    expect(reused).toBeGreaterThan(0);
    expect(ids).toEqual(await undisturbed(next));
    await again.coordinator.checked();
    expect(hashesAskedFor()).toBe(0);
    // Others are.
    await ask(again, PROMPT, { conversation: 'another' });
    await again.coordinator.checked();
    expect(hashesAskedFor()).toBeGreaterThan(0);
    await again.close();
  });
});

describe('a node that is asked to keep', () => {
  it('does it for the session of who asks, of so many tokens, and one at a time', async () => {
    await open([[0, 1, 2, 3]]);
    const [node] = swarm.nodes as [SwarmNode];
    const { commands } = swarm.guest;
    const layers = { start: 0, end: 30 };
    const session = 'a'.repeat(32);
    const name = 'b'.repeat(32);
    await swarm.guest.exchange.reach(node.peerId);
    const opened = {
      session,
      layers,
      before: [],
      after: [],
      max_tokens: 1024,
      first_task: 0,
      hashes: false,
      opening: 1,
    };
    await commands.send(node.peerId, 'OPEN_SESSION', opened);
    const keep = (length: number, from = swarm.guest, what = { session, name }) =>
      from.commands.send(node.peerId, 'KEEP_SESSION', { ...what, layers, length });
    await expect(keep(10)).rejects.toMatchObject({ code: 'bad-request' });
    await expect(keep(300)).rejects.toMatchObject({ code: 'bad-request' });
    await expect(keep(300)).rejects.toMatchObject({ code: 'busy' });
    const stranger = swarm.addGuest();
    await expect(keep(300, stranger)).rejects.toMatchObject({ code: 'unknown-session' });
    await expect(keep(300, swarm.guest, { session, name: '../etc' })).rejects.toMatchObject({ code: 'bad-command' });
    expect(disk.size).toBe(0);
    await stranger.close();
  });

  it('keeps so many of one coordinator, the newest', async () => {
    await open([[0, 1, 2, 3]]);
    const own = swarm.nodes[0]!;
    const layers = { start: 0, end: 30 };
    await ask(own, PROMPT, { lasting: false });
    const session = swarm.runner(own.peerId).sessionIds[0]!.split('/')[0]!;
    const nameOf = (index: number) => String(index).padStart(32, '0');
    for (let index = 0; index < 10; index++)
      await own.commands.send(own.peerId, 'KEEP_SESSION', { session, layers, name: nameOf(index), length: 300 });
    expect([...disk.keys()]).toEqual(Array.from({ length: 8 }, (_, index) => `${nameOf(index + 2)} 0-30`));
  });
});
