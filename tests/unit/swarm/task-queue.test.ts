import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ShoalError } from '../../../src/core/errors.ts';
import { batchSize } from '../../../src/swarm/stage/batch-size.ts';
import { type Batch, Lane, TaskQueue } from '../../../src/swarm/stage/task-queue.ts';

interface Task {
  readonly tokens: number;
  readonly bytes: number;
  readonly number: number;
}

const LAYER_COUNT = 30;
const RANGES = [
  { start: 0, end: 30 },
  { start: 5, end: 10 },
];
const COORDINATORS = 4;
const SESSIONS = 5;

/** A task that arrives while a batch runs. */
interface Arrival {
  readonly coordinator: number;
  readonly session: number;
  /** A part of a prompt, not a decode. */
  readonly prompt: boolean;
  readonly range: number;
}
const arrivals: fc.Arbitrary<Arrival[]> = fc.array(
  fc.record({
    coordinator: fc.nat(COORDINATORS - 1),
    session: fc.nat(SESSIONS - 1),
    prompt: fc.boolean(),
    range: fc.nat(RANGES.length - 1),
  }),
  { maxLength: 8 },
);
const history = fc.array(arrivals, { minLength: 1, maxLength: 40 });

/** What is known of a task that waits. */
interface Waiting {
  readonly lane: Lane<Task>;
  readonly task: Task;
  /** Batches taken since it was at its lane's head. */
  turns: number;
  prompts: number;
  /** Batches that it may have to let go first. */
  bound: number;
}

/** A queue before a device that takes batch after batch; checks what is promised of every task. */
class Simulation {
  readonly queue = new TaskQueue<Task>(LAYER_COUNT);
  readonly taken: number[][] = [];
  readonly #lanes = new Map<string, Lane<Task>>();
  readonly #heads = new Map<Lane<Task>, Waiting>();
  #running: Batch<Task> = [];
  #pushed = 0;
  #nowMs = 0;

  arrive(coordinator: number, session: number, prompt: boolean, range: number): void {
    const key = `${coordinator} ${session} ${range}`;
    const lane = this.#lanes.get(key) ?? new Lane<Task>(`${coordinator}`, RANGES[range]!);
    this.#lanes.set(key, lane);
    this.queue.push(lane, { tokens: prompt ? 9 : 1, bytes: 4, number: this.#pushed });
    this.#pushed++;
    this.#watch();
  }

  /** The running batch ends, the next begins. @returns whether there was one */
  turn(): boolean {
    for (const { lane } of this.#running) this.queue.finish(lane);
    this.#watch();
    this.#running = this.queue.take(this.#nowMs++);
    if (this.#running.length === 0) return false;
    this.#check();
    return true;
  }

  /** Notes the tasks that have come to the head of their lanes. */
  #watch(): void {
    for (const lane of this.#lanes.values()) {
      const task = lane.waiting[0];
      if (lane.busy || task === undefined || typeof task === 'function' || this.#heads.has(lane)) continue;
      const promptRuns = this.#running.some(({ task: running }) => running.tokens > 1);
      this.#heads.set(lane, { lane, task, turns: 0, prompts: promptRuns ? 1 : 0, bound: 0 });
      const heads = [...this.#heads.values()];
      const own = heads.filter((other) => other.lane.coordinator === lane.coordinator);
      const [decodes, prompts] = [own.filter(isDecode).length, own.filter((other) => !isDecode(other)).length];
      // Each of its coordinator's turns comes after at most one of every other's; a part of a prompt also waits, before
      // each of those, for decodes that were there before: of every session one.
      const waiting = this.#heads.get(lane)!;
      waiting.bound = isDecode(waiting)
        ? decodes * COORDINATORS + 1
        : prompts * COORDINATORS * (1 + COORDINATORS * SESSIONS * RANGES.length);
    }
  }

  #check(): void {
    const prompt = this.#running.some(({ task }) => task.tokens > 1);
    if (prompt) expect(this.#running).toHaveLength(1);
    expect(new Set(this.#running.map(({ lane }) => lane.layers)).size).toBe(1);
    expect(new Set(this.#running.map(({ lane }) => lane)).size).toBe(this.#running.length);
    for (const { lane, task } of this.#running) {
      const waiting = this.#heads.get(lane)!;
      expect(waiting.task).toBe(task);
      expect(waiting.turns).toBeLessThan(waiting.bound);
      this.#heads.delete(lane);
    }
    for (const waiting of this.#heads.values()) {
      waiting.turns++;
      if (prompt) waiting.prompts++;
      if (isDecode(waiting)) expect(waiting.prompts).toBeLessThanOrEqual(1);
    }
    this.taken.push(this.#running.map(({ task }) => task.number));
  }
}

function isDecode({ task }: Waiting): boolean {
  return task.tokens === 1;
}

function simulate(steps: readonly (readonly Arrival[])[]): number[][] {
  const simulation = new Simulation();
  let accepted = 0;
  for (const step of steps) {
    for (const { coordinator, session, prompt, range } of step) {
      try {
        simulation.arrive(coordinator, session, prompt, range);
        accepted++;
      } catch (error) {
        expect(error).toMatchObject({ code: 'busy' });
      }
    }
    simulation.turn();
  }
  while (simulation.turn());
  expect(simulation.queue.length).toBe(0);
  expect(simulation.taken.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: accepted }, (_, at) => at));
  return simulation.taken;
}

describe('the queue before a device', () => {
  it('runs every task, in the order of its session, none after more turns than its share of the others', () => {
    fc.assert(
      fc.property(history, (steps) => {
        simulate(steps);
      }),
      { numRuns: 300 },
    );
  });

  it('does the same again', () => {
    const property = fc.property(history, (steps) => {
      expect(simulate(steps)).toEqual(simulate(steps));
    });
    fc.assert(property, { numRuns: 50 });
  });

  it('lets neither decodes without end hold a prompt up, nor those of one layer range those of another', () => {
    const queue = new TaskQueue<Task>(LAYER_COUNT);
    const lane = (coordinator: string, range = 0) => new Lane<Task>(coordinator, RANGES[range]!);
    const decoding = [lane('a'), lane('a'), lane('b'), lane('b')];
    const [prompt, other] = [lane('b'), lane('a', 1)];
    const push = (to: Lane<Task>, tokens = 1) => queue.push(to, { tokens, bytes: 4, number: 0 });
    for (const each of decoding) push(each);
    push(prompt, 9);
    push(other);
    const order: Lane<Task>[] = [];
    for (let turn = 0; turn < 12; turn++) {
      const batch = queue.take(turn);
      for (const entry of batch) {
        order.push(entry.lane);
        push(entry.lane, entry.task.tokens);
        queue.finish(entry.lane);
      }
    }
    for (const waiting of [prompt, other]) expect(order.filter((each) => each === waiting).length).toBeGreaterThan(2);
  });

  it('gives a coordinator with one session as many turns as one with eight', () => {
    const queue = new TaskQueue<Task>(LAYER_COUNT);
    const lanes = Array.from({ length: 9 }, (_, index) => new Lane<Task>(index < 8 ? 'many' : 'one', RANGES[0]!));
    const counts = new Map<Lane<Task>, number>();
    const push = (lane: Lane<Task>) => queue.push(lane, { tokens: 2, bytes: 4, number: 0 });
    for (const lane of lanes) push(lane);
    for (let turn = 0; turn < 64; turn++) {
      const [{ lane }] = queue.take(0) as [Batch<Task>[number]];
      counts.set(lane, (counts.get(lane) ?? 0) + 1);
      push(lane);
      queue.finish(lane);
    }
    expect(lanes.map((lane) => counts.get(lane))).toEqual([4, 4, 4, 4, 4, 4, 4, 4, 32]);
  });

  it('lets a task go only after the one before it was handed on, and errands keep their place', async () => {
    const queue = new TaskQueue<Task>(LAYER_COUNT);
    const lane = new Lane<Task>('a', RANGES[0]!);
    const done: string[] = [];
    queue.push(lane, { tokens: 1, bytes: 4, number: 0 });
    const errand = queue.run(lane, async () => done.push('errand'));
    queue.push(lane, { tokens: 1, bytes: 4, number: 1 });
    expect(queue.take(0).map(({ task }) => task.number)).toEqual([0]);
    expect(queue.take(0)).toEqual([]);
    queue.finish(lane);
    expect(queue.take(0)).toEqual([]);
    await errand;
    await Promise.resolve();
    expect(done).toEqual(['errand']);
    expect(queue.take(0).map(({ task }) => task.number)).toEqual([1]);
    const failing = queue.run(lane, () => Promise.reject(new ShoalError('aborted', 'test')));
    queue.finish(lane);
    await expect(failing).rejects.toMatchObject({ code: 'aborted' });
  });

  it('takes back what is void, and only that', () => {
    const queue = new TaskQueue<Task>(LAYER_COUNT);
    const lane = new Lane<Task>('a', RANGES[0]!);
    for (let number = 0; number < 4; number++) queue.push(lane, { tokens: 1, bytes: 4, number });
    queue.drop(lane, ({ number }) => number < 3);
    expect(queue.length).toBe(1);
    expect(queue.take(0).map(({ task }) => task.number)).toEqual([3]);
  });

  it('says at once when it is full, by tasks, by bytes, and by what is one coordinators own', () => {
    const push = (queue: TaskQueue<Task>, coordinator: string, bytes = 4) =>
      queue.push(new Lane<Task>(coordinator, RANGES[0]!), { tokens: 1, bytes, number: 0 });
    const few = new TaskQueue<Task>(LAYER_COUNT, { tasks: 3, tasksPerPeer: 2 });
    push(few, 'a');
    push(few, 'a');
    expect(() => push(few, 'a')).toThrow(expect.objectContaining({ code: 'busy' }));
    push(few, 'b');
    expect(few.full).toBe(true);
    expect(() => push(few, 'c')).toThrow(expect.objectContaining({ code: 'busy' }));
    few.take(0);
    expect(few.full).toBe(false);
    const small = new TaskQueue<Task>(LAYER_COUNT, { bytes: 100 });
    push(small, 'a', 80);
    expect(() => push(small, 'b', 30)).toThrow(expect.objectContaining({ code: 'busy' }));
    push(small, 'b', 20);
    expect(small.full).toBe(true);
    // One that is larger than all the room still goes when nothing else waits.
    push(new TaskQueue<Task>(LAYER_COUNT, { bytes: 100 }), 'a', 500);
  });
});

describe('the size of a batch', () => {
  it('is what waits, at most eight, where one node has all layers', () => {
    expect([1, 2, 5, 8, 12].map((waiting) => batchSize(waiting, waiting, 1))).toEqual([1, 2, 5, 8, 8]);
  });

  it('is a share of the sessions where others have their layers too, and half of what has piled up', () => {
    expect(batchSize(2, 8, 1 / 4)).toBe(2);
    expect(batchSize(8, 8, 1 / 4)).toBe(4);
    expect(batchSize(3, 8, 1 / 4)).toBe(2);
    expect(batchSize(1, 8, 1 / 4)).toBe(1);
    expect(batchSize(4, 4, 1 / 4)).toBe(2);
    expect(batchSize(2, 3, 1 / 4)).toBe(1);
  });
});
