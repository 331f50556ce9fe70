/** A callback that waits for its time. */
interface Timer {
  atMs: number;
  /** Timers of one moment run in the order in which they were set. */
  readonly order: number;
  run: () => void;
  readonly repeatMs: number | undefined;
  cancelled: boolean;
}

const REAL = {
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setInterval: globalThis.setInterval,
  clearInterval: globalThis.clearInterval,
  dateNow: Date.now,
  performanceNow: performance.now,
  abortTimeout: AbortSignal.timeout,
  setImmediate: globalThis.setImmediate,
};

/**
 * Time that passes only when it is told to, in place of the process's timers and clocks: minutes of a large swarm in
 * seconds. Timers lie in a heap, as a swarm in one process has tens of thousands of them; whatever is due at one moment
 * runs before the promises that it has settled are looked after, and all of them before the next moment.
 */
export class SimulatedClock {
  readonly #heap: Timer[] = [];
  readonly #startedAtMs = Date.now();
  #nowMs = 0;
  #order = 0;

  /** Takes the process's clocks over. */
  constructor() {
    const set = (run: (...args: unknown[]) => void, delayMs = 0, repeatMs?: number) =>
      this.#add({ atMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, run, repeatMs, cancelled: false });
    const clear = (timer: Timer | undefined) => {
      if (!timer) return;
      timer.cancelled = true;
      // It lies in the heap until its time: what it would have called must not.
      timer.run = nothing;
    };
    Object.assign(globalThis, {
      setTimeout: (run: () => void, delayMs?: number) => set(run, delayMs),
      clearTimeout: clear,
      setInterval: (run: () => void, delayMs = 0) => set(run, delayMs, Math.max(1, delayMs)),
      clearInterval: clear,
    });
    Date.now = () => Math.floor(this.#startedAtMs + this.#nowMs);
    performance.now = () => this.#nowMs;
    AbortSignal.timeout = (delayMs) => {
      const controller = new AbortController();
      set(() => controller.abort(new DOMException('The time is over.', 'TimeoutError')), delayMs);
      return controller.signal;
    };
  }

  /** Since it began, ms. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Lets time pass until `ms` from now. */
  async pass(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settle();
    for (let next = this.#heap[0]; next && next.atMs <= endMs; next = this.#heap[0]) {
      this.#nowMs = next.atMs;
      while (this.#heap[0] && this.#heap[0].atMs <= this.#nowMs) this.#run(this.#take());
      await settle();
    }
    this.#nowMs = endMs;
  }

  /** Lets time pass until the promise has settled. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const done = () => {
      settled = true;
    };
    promise.then(done, done);
    for (await settle(); !settled; ) await this.pass(1);
    return promise;
  }

  /** Gives the process its clocks back; what still waits never runs. */
  restore(): void {
    const { setTimeout, clearTimeout, setInterval, clearInterval } = REAL;
    Object.assign(globalThis, { setTimeout, clearTimeout, setInterval, clearInterval });
    Date.now = REAL.dateNow;
    performance.now = REAL.performanceNow;
    AbortSignal.timeout = REAL.abortTimeout;
    this.#heap.length = 0;
  }

  #run(timer: Timer): void {
    if (timer.cancelled) return;
    timer.run();
    if (timer.repeatMs === undefined || timer.cancelled) return;
    timer.atMs += timer.repeatMs;
    this.#add(timer);
  }

  #add(timer: Timer): Timer {
    const heap = this.#heap;
    let index = heap.push(timer) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (before(heap[parent]!, timer)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = timer;
    return timer;
  }

  /** The first timer of the heap, which is not empty. */
  #take(): Timer {
    const heap = this.#heap;
    const first = heap[0]!;
    const last = heap.pop()!;
    if (heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (before(last, heap[child]!)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

function nothing(): void {}

function before(a: Timer, b: Timer): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

/** A turn of the real event loop: every promise that can settle has settled then. */
function settle(): Promise<void> {
  return new Promise((resolve) => REAL.setImmediate(resolve));
}
