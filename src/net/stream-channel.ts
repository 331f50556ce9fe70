import type { Stream } from '@libp2p/interface';
import { ShoalError } from '../core/errors.ts';
import { MAX_FRAME_BYTES } from '../protocol/limits.ts';
import { Heartbeat } from './heartbeat.ts';
import { MessageAssembler, prefixed } from './message-assembler.ts';
import type { AbortOptions, FrameChannel } from './transport.ts';

/*
 * A message on the stream, after its length: u8 type, then
 *   0 frame   the frame's bytes, behind 3 zeros, so that they begin at a multiple of 4
 *   1 beat    f64 the sender's clock
 *   2 echo    f64 the same number, back
 */
const FRAME = 0;
const BEAT = 1;
const ECHO = 2;
const FRAME_OFFSET = 4;
const BEAT_BYTES = 9;

/** Frames over one libp2p stream. */
export class StreamChannel implements FrameChannel {
  readonly peerId: string;
  readonly #stream: Stream;
  readonly #heartbeat: Heartbeat;
  #onFrame: ((frame: Uint8Array) => void) | undefined;
  /** Frames that came before anybody listened. */
  #early: Uint8Array[] = [];
  #onClose: ((reason: Error | undefined) => void) | undefined;
  #closed: { readonly reason: Error | undefined } | undefined;
  #sending: Promise<void> = Promise.resolve();

  constructor(stream: Stream, peerId: string) {
    this.peerId = peerId;
    this.#stream = stream;
    const assembler = new MessageAssembler(MAX_FRAME_BYTES + FRAME_OFFSET, (message) => this.#take(message));
    this.#heartbeat = new Heartbeat({
      beat: (sentAtMs) => this.#sendClock(BEAT, sentAtMs),
      onSilence: () => this.#abort(new ShoalError('peer-gone', `${peerId} has been silent for seconds.`)),
    });
    stream.addEventListener('message', ({ data }) => {
      this.#heartbeat.heard();
      try {
        for (const chunk of data instanceof Uint8Array ? [data] : data) assembler.push(chunk);
      } catch (error) {
        this.#abort(ShoalError.from(error));
      }
    });
    stream.addEventListener('remoteCloseWrite', () => void this.close());
    stream.addEventListener('close', ({ error }) => this.#end(error));
  }

  get roundTripMs(): number {
    return this.#heartbeat.roundTripMs;
  }

  send(frame: Uint8Array, { signal }: AbortOptions = {}): Promise<void> {
    if (frame.byteLength > MAX_FRAME_BYTES) {
      return Promise.reject(
        new ShoalError(
          'limit-exceeded',
          `A frame has ${frame.byteLength} bytes, at most ${MAX_FRAME_BYTES} are allowed.`,
        ),
      );
    }
    const message = new Uint8Array(FRAME_OFFSET + frame.byteLength);
    message[0] = FRAME;
    message.set(frame, FRAME_OFFSET);
    const sent = this.#sending.then(async () => {
      if (signal?.aborted) throw ShoalError.from(signal.reason);
      if (this.#closed) throw this.#goneError();
      if (!this.#stream.send(prefixed(message))) await this.#drained();
    });
    this.#sending = sent.catch(() => undefined);
    return sent;
  }

  onFrame(listener: (frame: Uint8Array) => void): void {
    this.#onFrame = listener;
    for (const frame of this.#early.splice(0)) listener(frame);
  }

  onClose(listener: (reason: Error | undefined) => void): void {
    this.#onClose = listener;
    if (this.#closed) listener(this.#closed.reason);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    await this.#stream.close().catch(() => undefined);
    this.#end(undefined);
  }

  #take(message: Uint8Array<ArrayBuffer>): void {
    const type = message[0];
    if (type === FRAME && message.byteLength > FRAME_OFFSET) {
      const frame = message.subarray(FRAME_OFFSET);
      if (this.#onFrame) this.#onFrame(frame);
      else this.#early.push(frame);
    } else if ((type === BEAT || type === ECHO) && message.byteLength === BEAT_BYTES) {
      const clock = new DataView(message.buffer).getFloat64(1, true);
      if (type === BEAT) this.#sendClock(ECHO, clock);
      else this.#heartbeat.echoed(clock);
    } else
      throw new ShoalError(
        'bad-frame',
        `${this.peerId} sent a message of type ${type} and ${message.byteLength} bytes.`,
      );
  }

  #sendClock(type: typeof BEAT | typeof ECHO, clockMs: number): void {
    const message = new Uint8Array(BEAT_BYTES);
    message[0] = type;
    new DataView(message.buffer).setFloat64(1, clockMs, true);
    // Behind a full buffer a beat would only add to it; the frames in it show that we are here.
    if (this.#stream.status !== 'open' || this.#stream.writableNeedsDrain) return;
    try {
      this.#stream.send(prefixed(message));
    } catch (error) {
      this.#abort(ShoalError.from(error));
    }
  }

  /** The stream's own `onDrain` works only once. */
  #drained(): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = () => {
        this.#stream.removeEventListener('drain', done);
        this.#stream.removeEventListener('close', done);
        if (this.#closed) reject(this.#goneError());
        else resolve();
      };
      this.#stream.addEventListener('drain', done);
      this.#stream.addEventListener('close', done);
    });
  }

  #abort(error: ShoalError): void {
    this.#stream.abort(error);
    this.#end(error);
  }

  #end(reason: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = { reason };
    this.#heartbeat.stop();
    this.#onClose?.(reason);
  }

  #goneError(): ShoalError {
    return new ShoalError('peer-gone', `The channel to ${this.peerId} is closed.`, { cause: this.#closed?.reason });
  }
}
