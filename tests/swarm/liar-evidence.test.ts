import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { log } from '../../src/core/log.ts';
import { COMMAND_PROTOCOL, encodeSuccess, parseRequest } from '../../src/protocol/commands.ts';
import { type Evidence, LiarEvidence } from '../../src/swarm/coordinator/liar-evidence.ts';
import { CommandClient } from '../../src/swarm/frames/command-client.ts';
import { FrameExchange } from '../../src/swarm/frames/frame-exchange.ts';
import { RowStatements } from '../../src/swarm/frames/row-statements.ts';
import type { SwarmNode } from '../../src/swarm/node.ts';
import { TrackRecords } from '../../src/swarm/route/track-records.ts';
import { ALL_ROWS } from '../../src/swarm/stage/replay.ts';
import { digestOf } from '../../src/swarm/stage/row-digests.ts';
import { answerOf, promptOf } from './support/answer.ts';
import { TestSwarm } from './support/test-swarm.ts';

const PROMPT = promptOf(40);
const WAIT = { timeout: 20_000 };

let swarm: TestSwarm;
afterEach(async () => {
  vi.restoreAllMocks();
  await swarm?.close();
});

/** From now on each value that the node's runner gives is another. */
function lie(peerId: string): void {
  const runner = swarm.runner(peerId);
  const { executeBatch } = runner;
  runner.executeBatch = async (tasks) =>
    (await executeBatch.call(runner, tasks)).map((result) =>
      'computeMs' in result && result.hidden
        ? { ...result, hidden: result.hidden.map((value) => value + 300_000) }
        : result,
    );
}

/** Who rests at the node because of a failure. */
const resting = (node: SwarmNode) =>
  swarm.nodes.map(({ peerId }) => peerId).filter((peerId) => node.records.rests(peerId));

describe('a tab that has caught a liar', () => {
  it.each([0, 1])(
    'shows it to those with the same layers, who compute for themselves: shard %i',
    {
      timeout: 60_000,
    },
    async (shard) => {
      swarm = await TestSwarm.create([[0], [1], [2], [3], [shard], [shard]], { checks: true });
      const { guest, nodes } = swarm;
      const liar = nodes[shard]!.peerId;
      guest.records.done(liar, 1e-4);
      for (const { peerId } of nodes.slice(4)) guest.records.done(peerId, 1000);
      lie(liar);
      const { route } = await answerOf(guest, { promptIds: PROMPT, maxTokens: 8 });
      expect(route[shard]).toBe(liar);
      await guest.coordinator.checked();
      expect(resting(guest)).toEqual([liar]);
      for (const holder of nodes.slice(4)) await vi.waitFor(() => expect(resting(holder)).toEqual([liar]), WAIT);
      // Those without the layers believe nobody.
      for (const other of nodes.filter((node, index) => index < 4 && node.peerId !== liar))
        expect(resting(other)).toEqual([]);
    },
  );
});

describe('evidence that somebody shows', () => {
  const LAYERS = { start: 0, end: 8 };
  let accused: SwarmNode;
  let holder: SwarmNode;
  let hostile: LiarEvidence;
  let commands: CommandClient;
  let exchange: FrameExchange;
  let own: string;

  beforeEach(async () => {
    swarm = await TestSwarm.create([[0], [1], [2], [3], [0]], { checks: true });
    accused = swarm.nodes[0]!;
    holder = swarm.nodes[4]!;
    const transport = swarm.network.createTransport();
    own = transport.peerId;
    exchange = new FrameExchange(transport);
    commands = new CommandClient(transport, async () => new Uint8Array());
    const { width, vocabularySize } = swarm.manifest.hyperparameters;
    hostile = new LiarEvidence({
      ...{ exchange, commands, width, vocabularySize, records: new TrackRecords() },
      routes: { holders: () => [], hasSpare: () => false },
      digest: (values) => digestOf(values, width),
      statements: new RowStatements(transport, 'a'.repeat(64)),
      serves: () => false,
      onLiar: () => undefined,
    });
    transport.handleRequests(COMMAND_PROTOCOL, async (from, bytes) => {
      const request = parseRequest(bytes);
      if (request.command !== 'SHOW_EVIDENCE') throw new Error(`${request.command} was not expected.`);
      return encodeSuccess(request, await hostile.show(from, request.params));
    });
  });

  /** What the accused computes for the hostile tab, and signs. */
  async function compute(): Promise<Evidence> {
    const session = 'ab'.repeat(16);
    const opened = {
      session,
      layers: LAYERS,
      before: [],
      after: [],
      max_tokens: 64,
      first_task: 0,
      hashes: true,
      opening: 1,
    };
    await commands.send(accused.peerId, 'OPEN_SESSION', opened);
    const shown = Promise.withResolvers<Float32Array>();
    exchange.onFrame(({ frame }) => {
      if (frame.kind === 'result') shown.resolve(frame.hidden!);
    });
    const input = { dtype: 'u32' as const, ids: Uint32Array.from(PROMPT) };
    await exchange.deliver(accused.peerId, {
      ...{ kind: 'task', session, task: 0, coordinator: own, position: 0, input, timings: [] },
      route: [{ peerId: accused.peerId, layers: LAYERS }],
      candidates: ALL_ROWS,
    });
    const output = await shown.promise;
    const of = { session, layers: LAYERS, length: PROMPT.length };
    const signed = await commands.send(accused.peerId, 'GET_HASHES', of);
    return { signed, input, output };
  }

  async function show(evidence: Evidence): Promise<void> {
    hostile.keep(evidence);
    await commands.send(holder.peerId, 'REPORT_LIAR', { peer_id: accused.peerId, evidence: evidence.signed });
  }

  const altered = (output: Float32Array) => output.map((value) => value + 300_000);

  it('is believed where the accused has signed what another does not compute', { timeout: 60_000 }, async () => {
    lie(accused.peerId);
    await show(await compute());
    await vi.waitFor(() => expect(resting(holder)).toEqual([accused.peerId]), WAIT);
  });

  it('is believed beside others who say that they have some, and send nothing', { timeout: 60_000 }, async () => {
    lie(accused.peerId);
    const evidence = await compute();
    const report = { peer_id: accused.peerId, evidence: evidence.signed };
    for (let count = 0; count < 3; count++) {
      const silent = swarm.network.createTransport();
      silent.handleRequests(COMMAND_PROTOCOL, () => new Promise(() => undefined));
      const commandsOfSilent = new CommandClient(silent, async () => new Uint8Array());
      for (let again = 0; again < 2; again++) await commandsOfSilent.send(holder.peerId, 'REPORT_LIAR', report);
    }
    await show(evidence);
    await vi.waitFor(() => expect(resting(holder)).toEqual([accused.peerId]), WAIT);
  });

  it.each<[string, string, (evidence: Evidence) => Promise<Evidence>]>([
    ['is what an honest one computes', 'This tab computes the same', async (evidence) => evidence],
    [
      'is other rows than were signed',
      'not the rows that it has signed',
      async (evidence) => ({ ...evidence, output: altered(evidence.output) }),
    ],
    [
      'is other tokens than were signed',
      'not the rows that it has signed',
      async ({ input, ...evidence }) => ({
        ...evidence,
        input: { dtype: 'u32', ids: Uint32Array.from(promptOf(41).slice(1)) },
      }),
    ],
    [
      'was not signed by the accused',
      'has not signed it',
      async ({ signed, input, output }) => {
        const lies = altered(output);
        const { width } = swarm.manifest.hyperparameters;
        return { signed: { ...signed, rows_out: await digestOf(lies, width) }, input, output: lies };
      },
    ],
  ])('is not believed where it %s', { timeout: 60_000 }, async (_, why, change) => {
    const told = vi.spyOn(log, 'info');
    await show(await change(await compute()));
    const nothing = expect.stringMatching(`shows nothing: .*${why}`);
    await vi.waitFor(() => expect(told).toHaveBeenCalledWith('ROUTE', nothing), WAIT);
    expect(resting(holder)).toEqual([]);
  });

  it('is shown to eight, once each, and to nobody who names another session', { timeout: 60_000 }, async () => {
    const evidence = await compute();
    hostile.keep(evidence);
    const { session, layers } = evidence.signed;
    const ask = { session, layers, task: 5, max_tokens: 64 };
    const none = { code: 'unknown-session' };
    await expect(hostile.show(holder.peerId, { ...ask, session: 'cd'.repeat(16) })).rejects.toMatchObject(none);
    await hostile.show(holder.peerId, ask);
    await expect(hostile.show(holder.peerId, ask)).rejects.toMatchObject(none);
    const others = Array.from({ length: 8 }, () => new FrameExchange(swarm.network.createTransport()).peerId);
    for (const peerId of others.slice(1)) await hostile.show(peerId, ask);
    await expect(hostile.show(others[0]!, ask)).rejects.toMatchObject(none);
  });
});
