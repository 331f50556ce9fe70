import { abortable, abortError } from '../../core/abortable.ts';
import { MAX_OPEN_FRAME_BYTES, MAX_OPEN_FRAMES } from './frame-assembler.ts';
import { type FrameLabel, NO_FRAME } from './frame-label.ts';

/** Lanes whose last frame is remembered: of one that was idle for so many others, it is there long since. */
const MAX_LANES = 1024;

/** Where slices go. */
export interface SliceSink {
  /** Most bytes of a frame in one slice. */
  readonly sliceBytes: number;
  /**
   * Sends the whole frame another way, where there is one for it.
   * @returns false when there is none, and nothing was sent
   * @throws Error when it cannot any more
   */
  sendWhole(label: FrameLabel, frame: Uint8Array): boolean;
  /**
   * Sends `part`, which comes next of the frame; `last` when it ends it.
   * @throws Error when it cannot any more
   */
  sendSlice(label: FrameLabel, part: Uint8Array, last: boolean): void;
  /** Whether no more fits for now. */
  full(): boolean;
  /** Resolves when all is gone out; rejects when it never will. */
  drained(): Promise<void>;
}

interface Outgoing {
  readonly lane: string;
  readonly bytes: Uint8Array;
  readonly signal: AbortSignal | undefined;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  /** From its first turn on. */
  label: FrameLabel | undefined;
  offset: number;
}

/**
 * Sends frames in slices, in turns: one slice of each frame that is under way, so that a long frame does not hold up a
 * short one. Frames of one lane go one after the other.
 */
export class FrameSender {
  readonly #sink: SliceSink;
  /** Every frame that is not sent whole, by lane; the first of each lane takes turns, or waits to. */
  readonly #lanes = new Map<string, Outgoing[]>();
  readonly #waiting: Outgoing[] = [];
  readonly #turns: Outgoing[] = [];
  /** The number of each lane's last frame. */
  readonly #last = new Map<string, number>();
  #openBytes = 0;
  #nextId = 0;
  #running = false;

  constructor(sink: SliceSink) {
    this.#sink = sink;
  }

  /**
   * Resolves when the sink has the whole frame and room for another. The bytes are the caller's again at once.
   * @throws ShoalError `aborted`, and what the sink throws
   */
  send(frame: Uint8Array, lane: string, signal?: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const outgoing = { lane, bytes: frame.slice(), signal, resolve, reject, label: undefined, offset: 0 };
    const queue = this.#lanes.get(lane);
    if (queue) queue.push(outgoing);
    else {
      this.#lanes.set(lane, [outgoing]);
      this.#waiting.push(outgoing);
    }
    if (!this.#running) void this.#run();
    return abortable(promise, signal);
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      for (let frame = this.#nextTurn(); frame; frame = this.#nextTurn()) {
        if (frame.label === undefined && this.#sink.sendWhole(this.#label(frame), frame.bytes)) {
          this.#finish(frame);
          continue;
        }
        const part = frame.bytes.subarray(frame.offset, frame.offset + this.#sink.sliceBytes);
        frame.offset += part.length;
        const whole = frame.offset === frame.bytes.length;
        this.#sink.sendSlice(frame.label!, part, whole);
        if (!whole) this.#turns.push(frame);
        if (this.#sink.full()) await this.#sink.drained();
        if (whole) this.#finish(frame);
      }
    } catch (error) {
      for (const queue of this.#lanes.values()) for (const { reject } of queue) reject(error);
      this.#lanes.clear();
      this.#waiting.length = 0;
      this.#turns.length = 0;
      this.#openBytes = 0;
    }
    this.#running = false;
  }

  #nextTurn(): Outgoing | undefined {
    for (let next = this.#waiting[0]; next && this.#mayOpen(next); next = this.#waiting[0]) {
      this.#waiting.shift();
      if (next.signal?.aborted) {
        next.reject(abortError(next.signal));
        this.#advance(next.lane);
      } else {
        this.#openBytes += next.bytes.length;
        this.#turns.push(next);
      }
    }
    return this.#turns.shift();
  }

  /** Numbers the frame, and notes what its lane sent before it. */
  #label(frame: Outgoing): FrameLabel {
    const { lane, bytes } = frame;
    const id = this.#nextId++;
    frame.label = { id, previous: this.#last.get(lane) ?? NO_FRAME, total: bytes.length };
    this.#last.delete(lane);
    this.#last.set(lane, id);
    if (this.#last.size > MAX_LANES) this.#last.delete(this.#last.keys().next().value!);
    return frame.label;
  }

  /** The receiver keeps to the same limits. */
  #mayOpen({ bytes }: Outgoing): boolean {
    return this.#turns.length < MAX_OPEN_FRAMES && this.#openBytes + bytes.length <= MAX_OPEN_FRAME_BYTES;
  }

  #finish({ bytes, lane, resolve }: Outgoing): void {
    this.#openBytes -= bytes.length;
    this.#advance(lane);
    resolve();
  }

  /** The lane's next frame waits for its turn behind those of other lanes. */
  #advance(lane: string): void {
    const queue = this.#lanes.get(lane)!;
    queue.shift();
    if (queue[0]) this.#waiting.push(queue[0]);
    else this.#lanes.delete(lane);
  }
}
