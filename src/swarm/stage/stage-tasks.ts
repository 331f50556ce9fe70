import { ShoalError } from '../../core/errors.ts';
import type { Unsubscribe } from '../../core/events.ts';
import { log } from '../../core/log.ts';
import type { StageOutput } from '../../engine/layer-runner.ts';
import { type ErrorFrame, positionsOf, type StageTiming, type TaskFrame, valuesOf } from '../../protocol/frames.ts';
import type { Manifest } from '../../protocol/manifest.ts';
import type { FrameExchange } from '../frames/frame-exchange.ts';
import type { KeptOutputs } from './kept-outputs.ts';
import type { NextNodes } from './next-nodes.ts';
import { passOn } from './pass-on.ts';
import type { RowHasher } from './row-digests.ts';
import type { StageSession, StageSessions } from './stage-sessions.ts';
import type { StageWork } from './stage-work.ts';
import { announceTask, type TaskLog } from './task-log.ts';

/** A session's tasks are logged when it has rested for so long: once an answer, not once a token. */
const LOG_INTERVAL_MS = 2000;

export interface StageTasksOptions {
  readonly exchange: FrameExchange;
  readonly manifest: Manifest;
  readonly sessions: StageSessions;
  readonly kept: KeptOutputs;
  readonly work: StageWork;
  readonly log: TaskLog;
  readonly next: NextNodes;
  /** There once a session is open. */
  readonly hasher: () => RowHasher;
}

/**
 * Takes task frames, has them computed, and passes the outputs on along the route. A task is taken from whom the session's
 * coordinator has named and goes where it has named; what comes from anybody else is answered the way it came.
 */
export class StageTasks {
  readonly #options: StageTasksOptions;
  readonly #stopListening: Unsubscribe;

  constructor(options: StageTasksOptions) {
    this.#options = options;
    this.#stopListening = options.exchange.onFrame(({ from, frame }) => {
      if (frame.kind === 'task') this.#accept(from, frame);
      if (frame.kind === 'error') this.#hear(from, frame);
    });
  }

  close(): void {
    this.#stopListening();
  }

  #accept(from: string, frame: TaskFrame): void {
    const arrivedAtMs = performance.now();
    const { exchange, sessions } = this.#options;
    const stage = frame.route[0]!;
    let open: StageSession;
    try {
      if (stage.peerId !== exchange.peerId)
        throw new ShoalError('bad-frame', `A task for ${stage.peerId} arrived at ${exchange.peerId}.`);
      open = sessions.expecting(from, frame.session, stage.layers);
    } catch (error) {
      this.#refuse(from, frame, ShoalError.from(error));
      return;
    }
    if (frame.task < open.firstTask) return;
    sessions.use(open);
    open.arrivedTask = Math.max(open.arrivedTask, frame.task);
    const failed = (error: ShoalError) => this.#fail(open, frame, error);
    try {
      this.#push(from, frame, open, arrivedAtMs, failed);
    } catch (error) {
      void failed(ShoalError.from(error));
    }
  }

  #push(
    from: string,
    frame: TaskFrame,
    open: StageSession,
    arrivedAtMs: number,
    failed: (error: ShoalError) => Promise<void>,
  ): void {
    const { manifest, work, next, hasher } = this.#options;
    const { task, position, input, candidates, route } = frame;
    if (arrivedAtMs - open.loggedAtMs > LOG_INTERVAL_MS) announceTask(manifest.shards, open.layers);
    open.loggedAtMs = arrivedAtMs;
    const { layerCount, width } = manifest.hyperparameters;
    const values = valuesOf(input);
    const tokens = positionsOf(input, width);
    const last = open.layers.end === layerCount;
    // Hidden values go to the worker with their buffer.
    const digests = open.rows && hasher().digest(values, input.dtype === 'u32' ? 1 : width);
    // The next node is asked while this one computes.
    const agreed = route[1] ? next.agreed(open, route[1]) : Promise.resolve();
    agreed.catch(() => undefined);
    work.push(open.lane, {
      task,
      tokens,
      forOthers: open.coordinator !== this.#options.exchange.peerId,
      bytes: values.byteLength,
      stage: { session: open.place, layers: open.layers, position, input, ...(last ? { candidates } : {}) },
      done: async (output, together) => {
        const timings = [...frame.timings, this.#record(from, frame, open, tokens, arrivedAtMs, output, together)];
        if (digests) open.rows?.in.write(position, digests);
        await agreed;
        const { exchange } = this.#options;
        const note = () => output.hidden && open.rows?.out.write(position, hasher().digest(output.hidden, width));
        // This tab's own next stage takes the buffer; others get a copy, and wait for no hash. The coordinator may ask as
        // soon as its result is there, which may be before the sending ends here.
        const staysHere = route[1]?.peerId === exchange.peerId;
        if (staysHere) note();
        const passed = passOn(exchange, frame, open.coordinator, output, timings);
        if (!staysHere) note();
        await passed;
        open.passedTask = Math.max(open.passedTask, task);
      },
      failed,
    });
  }

  #record(
    from: string,
    frame: TaskFrame,
    open: StageSession,
    tokens: number,
    arrivedAtMs: number,
    output: StageOutput,
    together: number,
  ): StageTiming {
    const { exchange, sessions, kept, log } = this.#options;
    const timing: StageTiming = {
      peerId: exchange.peerId,
      layers: open.layers,
      waitMs: Math.max(0, performance.now() - arrivedAtMs - output.computeMs),
      computeMs: output.computeMs,
      roundTripMs: exchange.roundTripMs(from),
    };
    // Of a place that was closed meanwhile nobody would take it back.
    if (output.hidden && sessions.has(open)) kept.keep(open.place, frame.position, output.hidden);
    log.record(tokens, timing, together, open.coordinator === exchange.peerId ? undefined : open.coordinator);
    return timing;
  }

  /** Tells whoever sent a task that it is not taken. Its coordinator is only what it says, and is not called for that. */
  #refuse(from: string, { session, task }: TaskFrame, error: ShoalError): void {
    const { exchange, log: counters } = this.#options;
    counters.failed++;
    log.warn('STAGE', `Task ${task} refused: ${error.message}`);
    exchange.reply(from, { kind: 'error', session, task, peerId: exchange.peerId, error: error.toWire() });
  }

  async #fail({ coordinator }: StageSession, { session, task }: TaskFrame, error: ShoalError): Promise<void> {
    const { exchange, log: counters } = this.#options;
    counters.failed++;
    // In a scope that is not shared: it names the session.
    log.warn('STAGE', `Task ${task} failed: ${error.message}`);
    await exchange
      .deliver(coordinator, { kind: 'error', session, task, peerId: exchange.peerId, error: error.toWire() })
      .catch(() => log.warn('STAGE', `The coordinator ${coordinator} is gone too.`));
  }

  /** The next node has refused what this one passed on: it does not know whom to tell. */
  #hear(from: string, { session, task, error }: ErrorFrame): void {
    const { exchange, sessions } = this.#options;
    for (const { coordinator } of sessions.passingTo(from, session)) {
      // This tab's own coordinator has heard it already.
      if (coordinator !== exchange.peerId)
        exchange.reply(coordinator, { kind: 'error', session, task, peerId: from, error });
    }
  }
}
