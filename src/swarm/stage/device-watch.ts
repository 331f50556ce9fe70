import { ShoalError } from '../../core/errors.ts';
import type { LayerRange } from '../../core/ranges.ts';

/** What a device does at the moment. */
export interface DevicePace {
  /** How long it has been at what it computes now, ms; 0 when it rests. */
  readonly busyMs: number;
  /** How long that takes as a rule, ms; 0 while it has computed nothing like it, and while it loads. */
  readonly expectedMs: number;
}

/** A device that takes so many times as long as it does as a rule stands still; */
const PATIENCE = 4;
/** but not before this: a collection of garbage, or another program, stops it for as long. */
const LEAST_PATIENCE_MS = 1500;
/** The first time kernels are compiled, which a software adapter takes many seconds for. */
const FIRST_PATIENCE_MS = 20_000;
/** One that stands still for so long, and so many times as long as it may, is not waited for any more. */
const HOPELESS_MS = 30_000;
const HOPELESS = 10;
/** One running mean over about this many batches. */
const SMOOTHING = 0.2;
const CHECK_MS = 250;

/** Whether a device has been at something for so long that it will not come back from it. */
export function standsStill({ busyMs, expectedMs }: DevicePace): boolean {
  return busyMs > (expectedMs > 0 ? Math.max(LEAST_PATIENCE_MS, PATIENCE * expectedMs) : FIRST_PATIENCE_MS);
}

interface Running {
  readonly kind: 'decode' | 'prefill';
  /** Layers times positions that are computed one after the other. */
  readonly size: number;
  readonly sinceMs: number;
}

interface Unanswered {
  /** How long it has waited while the device was at rest, ms. */
  restedMs: number;
  end: () => void;
}

/** Knows what a device takes as a rule, and so when it stands still. */
export class DeviceWatch {
  readonly #loading: () => boolean;
  /** Of one layer and position, ms. */
  readonly #meanMs = { decode: 0, prefill: 0 };
  /** Calls that have no answer yet. */
  readonly #unanswered = new Set<Unanswered>();
  #running: Running | undefined;

  /** @param loading - whether the device may be busy with weights instead */
  constructor(loading: () => boolean) {
    this.#loading = loading;
  }

  /**
   * A batch begins.
   * @param tokens - positions of its first task; decodes are computed side by side
   */
  begin(layers: LayerRange, tokens: number): void {
    const kind = tokens === 1 ? 'decode' : 'prefill';
    this.#running = { kind, size: tokens * (layers.end - layers.start), sinceMs: performance.now() };
  }

  /** It is done, well or not. */
  end(): void {
    if (!this.#running) return;
    const { kind, size, sinceMs } = this.#running;
    const eachMs = (performance.now() - sinceMs) / size;
    this.#meanMs[kind] += (this.#meanMs[kind] === 0 ? 1 : SMOOTHING) * (eachMs - this.#meanMs[kind]);
    this.#running = undefined;
  }

  pace(): DevicePace {
    if (!this.#running) return { busyMs: 0, expectedMs: 0 };
    const { kind, size, sinceMs } = this.#running;
    const expectedMs = this.#loading() ? 0 : this.#meanMs[kind] * size;
    return { busyMs: performance.now() - sinceMs, expectedMs };
  }

  /** Whether it has stood still for so long that it is better to begin anew with another. */
  get hopeless(): boolean {
    const { busyMs, expectedMs } = this.pace();
    if ([...this.#unanswered].some(({ restedMs }) => restedMs > HOPELESS_MS)) return true;
    // Of what it does for the first time nobody knows how long it takes.
    return expectedMs > 0 && busyMs > Math.max(HOPELESS_MS, HOPELESS * PATIENCE * expectedMs);
  }

  /**
   * The result of a call on the device that takes no time when it rests, and waits for what it is at.
   * @throws ShoalError `timeout` when the device stands still, `gpu-lost` when it is another now
   */
  answered<Result>(call: Promise<Result>): Promise<Result> {
    const waiting = { restedMs: 0, end: () => {} };
    this.#unanswered.add(waiting);
    return this.#unless(call, waiting, () => {
      // Counted in checks: of a tab that was asleep none has passed.
      if (this.pace().busyMs === 0 && !this.#loading()) waiting.restedMs += CHECK_MS;
      return standsStill(this.pace()) || standsStill({ busyMs: waiting.restedMs, expectedMs: 1 });
    });
  }

  /**
   * The result of what waits for the device's work, and perhaps for other things.
   * @throws ShoalError `timeout` when the device stands still
   */
  reached<Result>(call: Promise<Result>): Promise<Result> {
    return this.#unless(call, { restedMs: 0, end: () => undefined }, () => standsStill(this.pace()));
  }

  /** The device is another: what the old one was asked is not answered any more. */
  renew(): void {
    this.#running = undefined;
    this.#meanMs.decode = 0;
    this.#meanMs.prefill = 0;
    for (const { end } of this.#unanswered) end();
  }

  /** Goes on looking after it has said that the call is over: it may be answered yet, and until then it counts. */
  async #unless<Result>(call: Promise<Result>, waiting: Unanswered, isOver: () => boolean): Promise<Result> {
    const { promise: over, reject } = Promise.withResolvers<never>();
    over.catch(() => undefined);
    const timer = setInterval(() => {
      if (isOver()) reject(new ShoalError('timeout', "This node's device does not answer."));
    }, CHECK_MS);
    const settled = () => {
      clearInterval(timer);
      this.#unanswered.delete(waiting);
    };
    waiting.end = () => {
      settled();
      reject(new ShoalError('gpu-lost', 'The device is another now.'));
    };
    call.then(settled, settled);
    return Promise.race([call, over]);
  }
}
