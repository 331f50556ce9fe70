import { afterEach, describe, expect, it, vi } from 'vitest';
import { ShoalError } from '../../src/core/errors.ts';
import type { StageTask, TaskResult } from '../../src/engine/layer-runner.ts';
import type { CommandParams } from '../../src/protocol/commands.ts';
import type { Frame } from '../../src/protocol/frames.ts';
import { CommandClient } from '../../src/swarm/frames/command-client.ts';
import type { SwarmNode } from '../../src/swarm/node.ts';
import { type AnswerOptions, alone, answerOf, promptOf } from './support/answer.ts';
import { TestSwarm, type TestSwarmOptions } from './support/test-swarm.ts';

const PROMPT = promptOf(40);
const TOKENS = 8;

let swarm: TestSwarm;
afterEach(async () => {
  vi.restoreAllMocks();
  await swarm?.close();
});

/** An answer, its checks over. */
async function answer(guest = swarm.guest, more: Partial<AnswerOptions> = {}) {
  const answered = await answerOf(guest, { promptIds: PROMPT, maxTokens: TOKENS, ...more });
  await guest.coordinator.checked();
  return answered;
}

let turns = 0;
/** The next answer of a conversation: its route stays, however the machine disturbs what is measured; its rows are new. */
function turn(guest = swarm.guest) {
  turns++;
  return answer(guest, { conversation: 'main', promptIds: PROMPT.map((id) => id + turns) });
}

const expected = () => alone({ promptIds: PROMPT, maxTokens: TOKENS });

async function open(holdings: readonly (readonly number[])[], options: TestSwarmOptions = {}): Promise<void> {
  swarm = await TestSwarm.create(holdings, { checks: true, ...options });
}

const PAIRS = [[0], [1], [2], [3], [0], [1], [2], [3]];
/** Only shard 1 is checked: others hold it too, and a third decides. */
const THREE_OF_SHARD_1 = [[0], [1], [2], [3], [1], [1]];
const passed = (peerId: string, guest = swarm.guest) => guest.records.audits(peerId).passed;

/** From now on the node's runner does something else with its outputs. */
function lie(peerId: string, change: (result: TaskResult, task: StageTask) => TaskResult): void {
  const runner = swarm.runner(peerId);
  const { executeBatch } = runner;
  runner.executeBatch = async (tasks) =>
    (await executeBatch.call(runner, tasks)).map((result, index) => change(result, tasks[index]!));
}

/** Changes frames as the node sends them. */
function alter(peerId: string, change: (frame: Frame, to: string) => Frame): void {
  const { exchange } = nodeOf(peerId);
  const { deliver } = exchange;
  exchange.deliver = (to, frame, signal) => deliver.call(exchange, to, change(frame, to), signal);
}

const nodeOf = (peerId: string) => swarm.nodes.find((node) => node.peerId === peerId)!;

/** Who rests at the tab because of a failure. */
const resting = (guest = swarm.guest) =>
  swarm.nodes.map(({ peerId }) => peerId).filter((peerId) => guest.records.rests(peerId));

/** What the coin shows from now on, in `[0, 1)`. */
function coinShows(value: number): void {
  vi.restoreAllMocks();
  const { getRandomValues } = crypto;
  vi.spyOn(crypto, 'getRandomValues').mockImplementation((array) =>
    array instanceof Uint32Array ? (array.fill(value * 2 ** 32) as typeof array) : getRandomValues.call(crypto, array),
  );
}

/** A check gives up after this time. */
function checksLast(ms: number): void {
  const { timeout } = AbortSignal;
  vi.spyOn(AbortSignal, 'timeout').mockImplementation((usualMs) =>
    timeout.call(AbortSignal, usualMs === 60_000 ? ms : usualMs),
  );
}

/** Beyond the bound beside any row: values are less than three times as large. */
const SHIFT = 300_000;

/** Rows that travel, with so much more in each value. */
function shifted(frame: Frame, by: number): Frame {
  if (frame.kind === 'result' && frame.hidden) return { ...frame, hidden: frame.hidden.map((value) => value + by) };
  if (frame.kind === 'task' && frame.input.dtype === 'f32')
    return { ...frame, input: { dtype: 'f32', hidden: frame.input.hidden.map((value) => value + by) } };
  return frame;
}

const shiftedResult = (result: TaskResult): TaskResult =>
  'computeMs' in result && result.hidden ? { ...result, hidden: result.hidden.map((value) => value + SHIFT) } : result;

const flipped = (result: TaskResult): TaskResult => {
  if (!('computeMs' in result)) return result;
  if (result.hidden) return { ...result, hidden: result.hidden.map((value) => (value + 1) % 900) };
  return { ...result, rows: result.rows!.map((row) => ({ ...row, ids: row.ids.map((id) => (id + 1) % 997) })) };
};

describe('a stage whose layers another node has too', () => {
  it('is checked after each of its first five answers, and after fewer as they are good', {
    timeout: 60_000,
  }, async () => {
    await open(PAIRS);
    const { route } = await turn();
    expect(route.map((peerId) => passed(peerId))).toEqual([1, 1, 1, 1]);
    const counts = () => swarm.nodes.reduce((sum, { peerId }) => sum + passed(peerId), 0);
    for (let count = 1; count < 5; count++) await turn();
    expect(counts()).toBe(20);
    // Each is good now: a coin decides.
    coinShows(0.999);
    for (let count = 0; count < 3; count++) await turn();
    expect(counts()).toBe(20);
  });

  it('leaves nothing behind that was opened to check it', { timeout: 60_000 }, async () => {
    await open(PAIRS);
    for (let count = 0; count < 3; count++) await answer();
    await vi.waitFor(
      () =>
        expect(swarm.nodes.map(({ stages, peerId }) => [stages.sessionCount, swarm.runnerSessions(peerId)])).toEqual(
          swarm.nodes.map(() => [0, 0]),
        ),
      10_000,
    );
  });

  it.each([0, 1, 3])('is caught when it computes otherwise: stage %i', { timeout: 60_000 }, async (place) => {
    const ids = await expected();
    // A third holder decides.
    await open([...PAIRS, ...PAIRS.slice(0, 4)]);
    for (let count = 0; count < 2; count++) await answer();
    const { route } = await answer();
    const liar = route[place]!;
    lie(liar, flipped);
    const wrong = await answer();
    expect(wrong.route[place]).toBe(liar);
    expect(wrong.ids).not.toEqual(ids);
    for (let count = 0; count < 3; count++) {
      const after = await answer();
      expect(after.ids).toEqual(ids);
      expect(after.route).not.toContain(liar);
    }
    // Nobody else is blamed.
    for (const { peerId } of swarm.nodes) expect(swarm.guest.records.rests(peerId)).toBe(peerId === liar);
  });

  it('is not blamed for one that checks it and lies', { timeout: 60_000 }, async () => {
    await open(THREE_OF_SHARD_1);
    const { route } = await answer();
    // The one that was asked to compute again.
    const liar = swarm.nodes.find(({ peerId, stages }) => !route.includes(peerId) && stages.tokensDone > 0)!;
    lie(liar.peerId, flipped);
    await answer();
    for (const { peerId } of swarm.nodes) expect(swarm.guest.records.rests(peerId)).toBe(peerId === liar.peerId);
  });

  it('is caught by this very tab where it holds the layers', { timeout: 60_000 }, async () => {
    const ids = await expected();
    await open([[0], [1], [2], [3], [2]]);
    const own = swarm.nodes[4]!;
    const busy = vi.spyOn(own.stages, 'queueLength', 'get').mockReturnValue(50);
    const { route } = await answer(own);
    expect(route[2]).not.toBe(own.peerId);
    lie(route[2]!, flipped);
    expect((await answer(own)).ids).not.toEqual(ids);
    expect((await answer(own)).ids).toEqual(ids);
    expect(own.records.rests(route[2]!)).toBe(true);
    busy.mockRestore();
  });

  it('is caught when it sends on other rows than it shows', { timeout: 60_000 }, async () => {
    const ids = await expected();
    await open([...PAIRS, ...PAIRS.slice(0, 4)]);
    const { route } = await answer();
    const liar = swarm.nodes.find(({ peerId }) => peerId === route[1])!;
    alter(liar.peerId, (frame) => (frame.kind === 'task' ? shifted(frame, SHIFT) : frame));
    expect((await answer()).ids).not.toEqual(ids);
    for (let count = 0; count < 2; count++) expect((await answer()).ids).toEqual(ids);
    expect(swarm.guest.records.rests(liar.peerId)).toBe(true);
  });

  it.each([
    ['before the one that is checked', 2],
    ['itself', 1],
  ])('is caught when it sends on other rows than it keeps: %s', { timeout: 60_000 }, async (_, checked) => {
    await open([[0], [1], [2], [3], [checked], [checked]]);
    const { route } = await turn();
    alter(route[1]!, (frame) => (frame.kind === 'task' ? shifted(frame, SHIFT) : frame));
    await turn();
    expect(resting()).toEqual([route[1]]);
  });

  it('is caught when it shows right rows that it has not sent', { timeout: 60_000 }, async () => {
    await open(THREE_OF_SHARD_1);
    const { route } = await turn();
    lie(route[1]!, shiftedResult);
    alter(route[1]!, (frame) => (frame.kind === 'result' ? shifted(frame, -SHIFT) : frame));
    await turn();
    expect(resting()).toEqual([route[1]]);
  });

  it('is caught when it replays other rows to the one that checks than it has sent', { timeout: 60_000 }, async () => {
    await open(THREE_OF_SHARD_1);
    const { route } = await turn();
    alter(route[0]!, (frame, to) => (route.includes(to) ? frame : shifted(frame, SHIFT)));
    await turn();
    expect(resting()).toEqual([route[0]]);
  });

  it('is caught when it shows other rows once a third is to decide', { timeout: 60_000 }, async () => {
    await open(THREE_OF_SHARD_1);
    const { route } = await turn();
    lie(route[1]!, shiftedResult);
    const shown = new Set<number>();
    alter(route[1]!, (frame) => {
      if (frame.kind !== 'result') return frame;
      return shown.add(frame.task).size > 1 ? shifted(frame, SHIFT) : frame;
    });
    await turn();
    expect(resting()).toEqual([route[1]]);
  });

  it('is caught when it sends rows in the name of the one that checks it', { timeout: 60_000 }, async () => {
    await open(THREE_OF_SHARD_1);
    const { route } = await turn();
    const liar = nodeOf(route[1]!);
    lie(liar.peerId, shiftedResult);
    for (const { peerId, exchange } of swarm.nodes) {
      const { deliver } = exchange;
      exchange.deliver = async (to, frame, signal) => {
        const shows = frame.kind === 'result' && frame.hidden;
        if (shows && peerId !== liar.peerId) await new Promise((resolve) => setTimeout(resolve, 300));
        if (shows && peerId === liar.peerId)
          await deliver.call(exchange, to, { ...frame, task: frame.task - 1 }, signal);
        return deliver.call(exchange, to, frame, signal);
      };
    }
    await turn();
    expect(resting()).toEqual([liar.peerId]);
  });

  it('is caught when it gives the right tokens other odds', { timeout: 60_000 }, async () => {
    await open([[0], [1], [2], [3], [3], [3]]);
    const { route } = await turn();
    lie(route[3]!, (result) => {
      if (!('computeMs' in result) || !result.rows) return result;
      return { ...result, rows: result.rows.map((row) => ({ ...row, logSumExp: row.logSumExp + 1 })) };
    });
    await turn();
    expect(resting()).toEqual([route[3]]);
  });

  it.each([0, 1])(
    'is not judged by one other alone, whichever of the two lies: %i',
    { timeout: 60_000 },
    async (who) => {
      await open([[0], [1], [2], [3], [1]]);
      const { route } = await turn();
      const holders = [nodeOf(route[1]!), ...swarm.nodes.filter(({ peerId }) => !route.includes(peerId))];
      expect(passed(holders[0]!.peerId)).toBe(1);
      lie(holders[who]!.peerId, shiftedResult);
      await turn();
      expect(resting()).toEqual([]);
      expect(passed(holders[0]!.peerId)).toBe(1);
    },
  );

  it('is checked by the coin alone: one in 1 + passed, never fewer than one in fifty', {
    timeout: 60_000,
  }, async () => {
    await open([[0], [1], [2], [3], [1]]);
    const { route } = await turn();
    const peerId = route[1]!;
    const checkedAt = async (coin: number) => {
      coinShows(coin);
      const before = passed(peerId);
      expect((await turn()).route[1]).toBe(peerId);
      return passed(peerId) > before;
    };
    swarm.guest.records.done(peerId, 1e-4);
    while (passed(peerId) < 9) swarm.guest.records.passed(peerId);
    expect(await checkedAt(0.105)).toBe(false);
    expect(await checkedAt(0.095)).toBe(true);
    while (passed(peerId) < 1000) swarm.guest.records.passed(peerId);
    expect(await checkedAt(0.021)).toBe(false);
    expect(await checkedAt(0.019)).toBe(true);
  });

  it.each(['refuses to show', 'shows nothing of', 'signs nothing of'])(
    'is left out when it twice %s what it has computed, not at once',
    { timeout: 60_000 },
    async (how) => {
      await open(THREE_OF_SHARD_1);
      checksLast(500);
      const { route } = await turn();
      // What shows the same hashes need not be shown.
      lie(route[1]!, shiftedResult);
      const refusal = Promise.reject(new ShoalError('limit-exceeded', 'It is not kept any more.'));
      refusal.catch(() => undefined);
      if (how === 'signs nothing of') swarm.transportOf(route[1]!).sign = async () => new Uint8Array(64);
      else nodeOf(route[1]!).stages.showSession = () => (how === 'refuses to show' ? refusal : Promise.resolve());
      await turn();
      expect(resting()).toEqual([]);
      const { events } = await turn();
      expect(resting()).toEqual([route[1]]);
      expect(events).toMatchObject([]);
      expect((await turn()).route).not.toContain(route[1]);
    },
  );

  it('is left out of a conversation that it has been part of', { timeout: 60_000 }, async () => {
    await open(THREE_OF_SHARD_1);
    const first = await answer(swarm.guest, { conversation: 'main' });
    const liar = first.route[1]!;
    lie(liar, shiftedResult);
    let promptIds = [...PROMPT, ...first.ids, 7];
    const wrong = await answer(swarm.guest, { conversation: 'main', promptIds });
    expect(wrong.route).toEqual(first.route);
    promptIds = [...promptIds, ...wrong.ids, 8];
    const { route } = await answer(swarm.guest, { conversation: 'main', promptIds });
    expect(route).not.toContain(liar);
  });

  it('is not blamed where its sending ends after the answer has come', { timeout: 60_000 }, async () => {
    await open(THREE_OF_SHARD_1);
    for (const { exchange } of swarm.nodes) {
      const { deliver } = exchange;
      exchange.deliver = async (...args) => {
        await deliver.apply(exchange, args);
        await new Promise((resolve) => setTimeout(resolve, 100));
      };
    }
    const { route } = await answer(swarm.guest, { maxTokens: 2 });
    expect(resting()).toEqual([]);
    expect(passed(route[1]!)).toBe(1);
  });
});

/** The place of the first stage, of those that a tab has opened. */
function openedFirst(calls: readonly (readonly unknown[])[]) {
  for (const [peerId, command, params] of calls) {
    if (command !== 'OPEN_SESSION') continue;
    const opened = params as CommandParams<'OPEN_SESSION'>;
    if (opened.layers.start === 0) return { ...opened, peerId: peerId as string };
  }
  throw new Error('No first stage was opened.');
}

describe('a check', () => {
  const talk = async (guest: SwarmNode, promptIds: readonly number[]) => {
    const { ids } = await answerOf(guest, { promptIds, maxTokens: TOKENS, conversation: 'main' });
    return ids;
  };

  it('gives way to the next question, which is answered as without it', { timeout: 60_000 }, async () => {
    swarm = await TestSwarm.create([[0, 1, 2, 3]]);
    const first = await talk(swarm.guest, PROMPT);
    const next = [...PROMPT, ...first, 7, 8, 9];
    const second = await talk(swarm.guest, next);
    await swarm.close();
    swarm = await TestSwarm.create(PAIRS, { checks: true, computeMs: 20 });
    expect(await talk(swarm.guest, PROMPT)).toEqual(first);
    expect(await talk(swarm.guest, next)).toEqual(second);
    await swarm.guest.coordinator.checked();
  });

  it('says nothing of anybody when the one that checks goes, or has no room', { timeout: 60_000 }, async () => {
    swarm = await TestSwarm.create([[0], [1], [2], [3], [1]], {
      checks: true,
      limits: (node) => (node >= 4 ? { sessions: 0 } : {}),
    });
    for (let count = 0; count < 2; count++) await answer();
    for (const { peerId } of swarm.nodes) {
      expect(passed(peerId)).toBe(0);
      expect(swarm.guest.records.rests(peerId)).toBe(false);
    }
  });

  it.each(['does not answer', 'has no room'])(
    'goes to the next holder where the first %s',
    { timeout: 60_000 },
    async (how) => {
      await open(THREE_OF_SHARD_1, { limits: (node) => (node === 4 && how === 'has no room' ? { sessions: 0 } : {}) });
      checksLast(500);
      const [, , , , first, second] = swarm.nodes;
      // The one that is in the route, whoever it is, is asked by nobody.
      for (const { peerId } of swarm.nodes.slice(0, 4)) swarm.guest.records.done(peerId, 1e-4);
      swarm.guest.records.passed(first!.peerId);
      if (how === 'does not answer') swarm.runner(first!.peerId).executeBatch = () => new Promise(() => undefined);
      const { route } = await answer();
      expect(route[1]).toBe(swarm.nodes[1]!.peerId);
      expect(passed(route[1]!)).toBe(1);
      expect(second!.stages.tokensDone).toBeGreaterThan(PROMPT.length);
      expect(resting()).toEqual([]);
    },
  );

  it('is of the first 2,048 positions of a long session, and of no candidates after them', {
    timeout: 60_000,
  }, async () => {
    await open(PAIRS, { maxTaskTokens: 256 });
    const sent = vi.spyOn(swarm.guest.commands, 'send');
    const { route } = await answer(swarm.guest, { promptIds: promptOf(2050), maxTokens: 2 });
    expect(route.map((peerId) => passed(peerId))).toEqual([1, 1, 1, 0]);
    const lengths = sent.mock.calls.flatMap(([, command, params]) =>
      command === 'GET_HASHES' ? (params as CommandParams<'GET_HASHES'>).length : [],
    );
    expect(new Set(lengths)).toEqual(new Set([2048]));
  });

  it('brings no rows here where both have the same hashes', { timeout: 60_000 }, async () => {
    await open(THREE_OF_SHARD_1);
    const sent = vi.spyOn(swarm.guest.commands, 'send');
    const { route } = await answer();
    expect(passed(route[1]!)).toBe(1);
    const shows = () => sent.mock.calls.filter(([, command]) => command === 'SHOW_SESSION').length;
    expect(shows()).toBe(0);
    // Within the bound, and yet other bits: now they are looked at.
    lie(route[1]!, (result) =>
      'computeMs' in result && result.hidden
        ? { ...result, hidden: result.hidden.map((value) => value * 1.0001) }
        : result,
    );
    await answer();
    expect(shows()).toBe(2);
    expect(passed(route[1]!)).toBe(2);
    expect(resting()).toEqual([]);
  });

  it('does not wait with its commands for what is on its way: what fails there comes as an error of the task', {
    timeout: 60_000,
  }, async () => {
    await open([[0], [1], [2], [3]]);
    const sent = vi.spyOn(swarm.guest.commands, 'send');
    await answerOf(swarm.guest, { promptIds: PROMPT, maxTokens: TOKENS, conversation: 'main' });
    const { peerId, session, layers } = openedFirst(sent.mock.calls);
    const { exchange } = nodeOf(peerId);
    const { deliver } = exchange;
    const way = Promise.withResolvers<void>();
    exchange.deliver = async (to, frame, signal) => {
      if (frame.kind === 'result' && frame.task === 99) await way.promise;
      return deliver.call(exchange, to, frame, signal);
    };
    const frames: Frame[] = [];
    swarm.guest.exchange.onFrame(({ frame }) => frames.push(frame));
    const range = { position: 0, length: PROMPT.length, max_tokens: 16 };
    await swarm.guest.commands.send(peerId, 'SHOW_SESSION', { session, layers, task: 99, ...range });
    way.reject(new ShoalError('peer-unreachable', 'The way is closed.'));
    await vi.waitFor(() =>
      expect(frames.filter(({ task }) => task === 99)).toMatchObject([
        { kind: 'error', peerId, error: { code: 'peer-unreachable' } },
      ]),
    );
    const more = { session, layers, task: 98, ...range, length: PROMPT.length + 100 };
    await expect(swarm.guest.commands.send(peerId, 'SHOW_SESSION', more)).rejects.toMatchObject({
      code: 'limit-exceeded',
    });
  });

  it('is signed of rows that there are, and of no more', { timeout: 60_000 }, async () => {
    await open(THREE_OF_SHARD_1);
    const sent = vi.spyOn(swarm.guest.commands, 'send');
    await answerOf(swarm.guest, { promptIds: PROMPT, maxTokens: TOKENS, conversation: 'main' });
    const { peerId, session, layers } = openedFirst(sent.mock.calls);
    const of = (length: number) => swarm.guest.commands.send(peerId, 'GET_HASHES', { session, layers, length });
    await of(PROMPT.length);
    await expect(of(PROMPT.length + TOKENS + 1)).rejects.toMatchObject({ code: 'limit-exceeded' });
  });

  it('is not made of rows that are rounded, nor where the settings forbid it', { timeout: 60_000 }, async () => {
    for (const options of [{ wire: 'q8' as const }, { checks: false }]) {
      await swarm.close();
      await open(PAIRS, options);
      const sent = vi.spyOn(swarm.guest.commands, 'send');
      const { route } = await answer(swarm.guest, { conversation: 'main' });
      expect(route.map((peerId) => passed(peerId))).toEqual([0, 0, 0, 0]);
      const openings = sent.mock.calls.filter(([, command]) => command === 'OPEN_SESSION');
      expect(openings.map(([, , params]) => params)).toEqual(
        route.map(() => expect.objectContaining({ hashes: false })),
      );
      const { session } = openings[0]![2] as CommandParams<'OPEN_SESSION'>;
      const rows = { session, layers: { start: 0, end: 8 }, length: 1 };
      const asked = swarm.guest.commands.send(route[0]!, 'GET_HASHES', rows);
      await expect(asked).rejects.toMatchObject({ code: 'bad-request' });
    }
  });
});

describe('what others say of a liar', () => {
  it('has it checked at once by a tab that has found it good a thousand times', { timeout: 60_000 }, async () => {
    await open(THREE_OF_SHARD_1);
    const other = swarm.nodes[0]!;
    const liar = swarm.nodes[1]!.peerId;
    for (const { records } of [swarm.guest, other]) {
      records.done(liar, 1e-4);
      for (const { peerId } of swarm.nodes.slice(4)) records.done(peerId, 1000);
    }
    for (let count = 0; count < 1000; count++) other.records.passed(liar);
    coinShows(0.5);
    expect((await turn(other)).route[1]).toBe(liar);
    expect(passed(liar, other)).toBe(1000);
    lie(liar, shiftedResult);
    // What is not checked is not found.
    expect((await turn(other)).route[1]).toBe(liar);
    expect(resting(other)).toEqual([]);
    expect((await turn()).route[1]).toBe(liar);
    expect(resting()).toEqual([liar]);
    // It is on its way: nobody waits for it.
    await vi.waitFor(
      async () => {
        await turn(other);
        expect(resting(other)).toEqual([liar]);
      },
      { timeout: 20_000 },
    );
  });

  it('costs honest ones no place in routes and a few checks, however often it is said', {
    timeout: 60_000,
  }, async () => {
    await open(PAIRS);
    const { guest } = swarm;
    for (const { peerId } of swarm.nodes) for (let count = 0; count < 1000; count++) guest.records.passed(peerId);
    coinShows(0.5);
    const { route } = await answer();
    const checks = () => swarm.nodes.reduce((sum, { peerId }) => sum + passed(peerId) - 1000, 0);
    expect(checks()).toBe(0);
    const transport = swarm.network.createTransport();
    const hostile = new CommandClient(transport, async () => new Uint8Array());
    for (let count = 0; count < 100; count++)
      await hostile.send(guest.peerId, 'REPORT_LIAR', { peer_id: route[count % 4]! });
    const routes: (readonly string[])[] = [];
    for (let count = 0; count < 6; count++) routes.push((await answer()).route);
    expect(resting()).toEqual([]);
    expect(checks()).toBeGreaterThan(0);
    expect(checks()).toBeLessThanOrEqual(6);
  });
});
