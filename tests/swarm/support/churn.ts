import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { rarestFirst } from '../../../src/swarm/assign/assign.ts';
import { DEFAULT_SAMPLING } from '../../../src/swarm/coordinator/sampler.ts';
import { seededRandom } from '../../../src/swarm/coordinator/seeded-random.ts';
import { Roster } from '../../../src/swarm/members/roster.ts';
import type { SwarmNode } from '../../../src/swarm/node.ts';
import { RoutePlanner } from '../../../src/swarm/route/route-planner.ts';
import { ArithmeticRunner } from './arithmetic-runner.ts';
import { SimulatedClock } from './simulated-clock.ts';
import { TestSwarm } from './test-swarm.ts';

export interface ChurnOptions {
  readonly nodes: number;
  /** Tabs that prompt, one conversation each, without a pause. */
  readonly sessions: number;
  /** Simulated, with a leave and a join in each. */
  readonly seconds: number;
  readonly layers: readonly number[];
  /** One task at one stage, ms. */
  readonly computeMs: number;
  /** One way, ms. */
  readonly latencyMs: number;
  readonly seed: number;
}

/** Eight shards; a task takes 20 ms, a link 10 ms. */
export const CHURN_SWARM = { layers: new Array<number>(8).fill(4), computeMs: 20, latencyMs: 10 };

export interface ChurnReport {
  readonly answers: number;
  readonly tokens: number;
  readonly wrong: readonly string[];
  /** Answers that failed, or took longer than `HANG_MS`. */
  readonly failures: readonly string[];
  readonly leaves: { readonly clean: number; readonly abrupt: number };
  /** Longest pauses between two tokens, of each answer, ms of simulated time, ascending. */
  readonly pausesMs: readonly number[];
  /** Real time that routing took, ms: planning up to its first wait, and looking at every lap who is about to leave. */
  readonly routing: { readonly plans: number; readonly planMs: number; readonly lookMs: number };
  /** Heap in use after collecting, bytes: before the first prompt, and after every tenth of the time. */
  readonly heapBytes: readonly number[];
  /** What is left when nobody prompts any more and all is closed. */
  readonly left: {
    readonly openSessions: number;
    readonly runnerSessions: number;
    readonly queuedTasks: number;
    /** Of outputs that nodes keep for the replay of their neighbours. */
    readonly keptBytes: number;
    readonly members: readonly number[];
    readonly nodes: number;
    readonly links: number;
    readonly parties: number;
  };
}

const HEAP_SAMPLES = 10;
const TURNS = 3;
const MAX_TOKENS = 24;
/** An answer of so few tokens takes seconds here; one that takes longer does not end. */
export const HANG_MS = 60_000;
/** What abandoned sessions need to be closed: their grace and a sweep. */
const SETTLE_MS = 45_000;

/** A swarm under constant prompts, in simulated time, in which every second one node leaves and another joins. */
export async function runChurn(options: ChurnOptions): Promise<ChurnReport> {
  const clock = new SimulatedClock();
  const { routing, restore } = watchRouting();
  const { random } = Math;
  Math.random = seededRandom(options.seed);
  try {
    return { ...(await new Churn(clock, options).run()), routing };
  } finally {
    Math.random = random;
    restore();
    clock.restore();
  }
}

class Churn {
  readonly #clock: SimulatedClock;
  readonly #options: ChurnOptions;
  readonly #random: () => number;
  readonly #wrong: string[] = [];
  readonly #failures: string[] = [];
  readonly #pausesMs: number[] = [];
  readonly #leaves = { clean: 0, abrupt: 0 };
  readonly #expected = new Map<string, number[]>();
  /** Since when each answer under way is waited for. */
  readonly #waiting = new Map<number, number>();
  #answers = 0;
  #tokens = 0;
  #over = false;

  constructor(clock: SimulatedClock, options: ChurnOptions) {
    this.#clock = clock;
    this.#options = options;
    this.#random = seededRandom(options.seed);
  }

  async run(): Promise<Omit<ChurnReport, 'routing'>> {
    const { nodes, sessions, seconds, layers, computeMs, latencyMs } = this.#options;
    const link = { latencyMs, jitterMs: latencyMs / 5 };
    const clock = this.#clock;
    const swarm = await clock.until(
      TestSwarm.create([], { layers, computeMs, network: { link, random: this.#random, silenceMs: 2500 } }),
    );
    for (let node = 0; node < nodes; node++) await clock.until(swarm.addNode([node % layers.length]));
    const guests = [swarm.guest, ...Array.from({ length: sessions - 1 }, () => swarm.addGuest())];
    await clock.pass(10_000);

    const heapBytes = [collectedHeapBytes()];
    const talks = guests.map((guest, index) => this.#talk(swarm, guest, index));
    for (let second = 1; second <= seconds; second++) {
      await clock.pass(1000);
      this.#replaceOne(swarm);
      this.#watch();
      if (second >= (heapBytes.length * seconds) / HEAP_SAMPLES) heapBytes.push(collectedHeapBytes());
      if (this.#failures.length > 0) break;
    }
    this.#over = true;
    for (let second = 0; second < HANG_MS / 1000 && this.#waiting.size > 0; second++) await clock.pass(1000);
    for (const tab of this.#waiting.keys()) this.#failures.push(`Tab ${tab} still waits.`);
    if (this.#failures.length === 0) await clock.until(Promise.all(talks));
    await clock.pass(SETTLE_MS);

    const report = {
      answers: this.#answers,
      tokens: this.#tokens,
      wrong: this.#wrong,
      failures: this.#failures,
      leaves: this.#leaves,
      pausesMs: this.#pausesMs.sort((a, b) => a - b),
      heapBytes,
      left: {
        openSessions: sum(swarm.nodes, (node) => node.stages.sessionCount),
        runnerSessions: sum(swarm.nodes, (node) => swarm.runnerSessions(node.peerId)),
        queuedTasks: sum(swarm.nodes, (node) => node.stages.queueLength),
        keptBytes: sum(swarm.nodes, (node) => node.stages.keptBytes),
        members: guests.map((guest) => guest.membership.members().length),
        nodes: swarm.nodes.length,
        links: swarm.network.linkCount,
        parties: swarm.nodes.length + guests.length,
      },
    };
    // Not waited for: nothing is asked of the swarm any more, and its clock stands still.
    void swarm.close();
    for (const guest of guests) void guest.close();
    return report;
  }

  /** One tab's conversations, one after the other. */
  async #talk(swarm: TestSwarm, guest: SwarmNode, tab: number): Promise<void> {
    const random = seededRandom(this.#options.seed * 1000 + tab);
    while (!this.#over) {
      // Few prompts, so that few references have to be computed.
      let promptIds = Array.from({ length: 20 }, (_, index) => (index * 37 + Math.floor(tab / 10)) % 500);
      for (let turn = 0; turn < TURNS && !this.#over; turn++) {
        const ids = await this.#answer(swarm, guest, tab, promptIds);
        if (!ids) return;
        promptIds = [...promptIds, ...ids, turn];
        await new Promise((resolve) => setTimeout(resolve, 500 * random()));
      }
      await guest.coordinator.forget('talk');
    }
  }

  async #answer(swarm: TestSwarm, guest: SwarmNode, tab: number, promptIds: number[]): Promise<number[] | undefined> {
    this.#waiting.set(tab, this.#clock.nowMs);
    const ids: number[] = [];
    let lastAtMs = this.#clock.nowMs;
    let pauseMs = 0;
    try {
      const tokens = guest.coordinator.generate({
        ...{ conversation: 'talk', promptIds, maxTokens: MAX_TOKENS, stopIds: new Set<number>() },
        ...{ sampling: DEFAULT_SAMPLING, topLogprobs: 0 },
      });
      for await (const { id } of tokens) {
        if (ids.length > 0) pauseMs = Math.max(pauseMs, this.#clock.nowMs - lastAtMs);
        lastAtMs = this.#clock.nowMs;
        ids.push(id);
      }
    } catch (error) {
      this.#failures.push(`Tab ${tab} after ${ids.length} tokens: ${error instanceof Error ? error.message : error}`);
      return undefined;
    } finally {
      this.#waiting.delete(tab);
    }
    const expected = await this.#expectedTokens(swarm, promptIds);
    if (ids.join() !== expected.join())
      this.#wrong.push(`Tab ${tab} at ${Math.round(this.#clock.nowMs)} ms, ${describeDifference(ids, expected)}`);
    this.#answers++;
    this.#tokens += ids.length;
    this.#pausesMs.push(pauseMs);
    return ids;
  }

  /** What one runner with the whole model says. */
  async #expectedTokens(swarm: TestSwarm, promptIds: readonly number[]): Promise<number[]> {
    const known = this.#expected.get(promptIds.join());
    if (known) return known;
    const runner = new ArithmeticRunner(swarm.manifest.hyperparameters);
    const layers = { start: 0, end: swarm.manifest.hyperparameters.layerCount };
    await runner.openSession({ session: 'whole', layers, maxTokens: 4096 });
    const candidates = { rows: 'last' as const, count: 1, wantedIds: new Uint32Array() };
    const tokens: number[] = [];
    let [position, ids] = [0, Uint32Array.from(promptIds)];
    while (tokens.length < MAX_TOKENS) {
      const input = { dtype: 'u32' as const, ids };
      const { rows } = await runner.execute({ session: 'whole', layers, position, input, candidates });
      position += ids.length;
      ids = rows![0]!.ids.slice(0, 1);
      tokens.push(ids[0]!);
    }
    this.#expected.set(promptIds.join(), tokens);
    return tokens;
  }

  #replaceOne(swarm: TestSwarm): void {
    const leaver = swarm.nodes[Math.floor(this.#random() * swarm.nodes.length)]!;
    const how = this.#random() < 0.5 ? 'clean' : 'abrupt';
    this.#leaves[how]++;
    void swarm.removeNode(leaver, how);
    const shardCount = swarm.manifest.shards.length;
    void swarm.addNode([rarestFirst(shardCount, swarm.guest.membership.members())[0]!]);
  }

  #watch(): void {
    for (const [tab, sinceMs] of this.#waiting) {
      if (this.#clock.nowMs - sinceMs > HANG_MS) {
        this.#failures.push(
          `Tab ${tab} has waited ${Math.round((this.#clock.nowMs - sinceMs) / 1000)} s for its answer.`,
        );
        this.#waiting.delete(tab);
      }
    }
  }
}

function describeDifference(ids: readonly number[], expected: readonly number[]): string {
  const at = expected.findIndex((id, index) => id !== ids[index]);
  return `token ${at} of ${ids.length}: ${ids[at]}, expected ${expected[at]}`;
}

function sum(nodes: readonly SwarmNode[], of: (node: SwarmNode) => number): number {
  return nodes.reduce((total, node) => total + of(node), 0);
}

function collectedHeapBytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}

/** Counts the plans made, and the real time that they and the looks at every lap take. */
function watchRouting(): { routing: ChurnReport['routing']; restore: () => void } {
  const { planRoute, planRange } = RoutePlanner.prototype;
  const { leaving } = Roster.prototype;
  const routing = { plans: 0, planMs: 0, lookMs: 0 };
  const timed = <This, Args extends unknown[], Result>(
    run: (this: This, ...args: Args) => Result,
    took: (ms: number) => void,
  ) =>
    function (this: This, ...args: Args): Result {
      const startedAt = process.hrtime.bigint();
      const result = run.apply(this, args);
      took(Number(process.hrtime.bigint() - startedAt) / 1e6);
      return result;
    };
  const planned = (ms: number) => {
    routing.plans++;
    routing.planMs += ms;
  };
  const looked = (ms: number) => {
    routing.lookMs += ms;
  };
  Object.assign(RoutePlanner.prototype, { planRoute: timed(planRoute, planned), planRange: timed(planRange, planned) });
  Object.assign(Roster.prototype, { leaving: timed(leaving, looked) });
  const restore = () => {
    Object.assign(RoutePlanner.prototype, { planRoute, planRange });
    Object.assign(Roster.prototype, { leaving });
  };
  return { routing, restore };
}
