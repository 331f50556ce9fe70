import type { Connection, Stream } from '@libp2p/interface';
import { ShoalError } from '../core/errors.ts';
import { log } from '../core/log.ts';
import { FRAME_SLICE_BYTES, MAX_FRAME_BYTES } from '../protocol/limits.ts';
import { FrameAssembler } from './frame-assembler.ts';
import { FrameSender } from './frame-sender.ts';
import { Heartbeat } from './heartbeat.ts';
import { MessageAssembler, prefixed } from './message-assembler.ts';
import type { FrameChannel, SendOptions } from './transport.ts';

/*
 * A message on the stream, after its length; little-endian.
 *
 * offset  type  meaning
 * 0       u32   kind: 0 slice of a frame, 1 beat, 2 echo of a beat
 * 4       f64   beat and echo: the clock of the beat's sender, ms
 * 4       u32   slice: the frame's number; slices of several frames may take turns
 * 8       u32   slice: bytes of the whole frame
 * 12      …     slice: the bytes that come next
 */
const SLICE = 0;
const BEAT = 1;
const ECHO = 2;
const SLICE_HEADER_BYTES = 12;
const BEAT_BYTES = 12;
/** The message's length, and what libp2p puts around a message. */
const ENVELOPE_BYTES = 16;
/** A peer that does not take part in closing is left behind after this. */
const CLOSE_TIMEOUT_MS = 3000;

/** When anything came by a connection, on whichever of its channels, `performance.now()`. */
const heardAtMs = new WeakMap<Connection, number>();

/** Frames over one libp2p stream, with a heartbeat beside them. */
export class StreamChannel implements FrameChannel {
  readonly peerId: string;
  readonly #stream: Stream;
  readonly #connection: Connection;
  readonly #heartbeat: Heartbeat;
  readonly #frames = new FrameAssembler();
  readonly #sender: FrameSender;
  #onFrame: ((frame: Uint8Array) => void) | undefined;
  /** Frames that came before anybody listened; together at most one of the largest. */
  #early: Uint8Array[] = [];
  #onClose: ((reason: Error | undefined) => void) | undefined;
  #closing = false;
  #closed: { readonly reason: Error | undefined } | undefined;

  constructor(stream: Stream, connection: Connection) {
    this.peerId = connection.remotePeer.toString();
    this.#stream = stream;
    this.#connection = connection;
    this.#sender = new FrameSender({
      sliceBytes: FRAME_SLICE_BYTES - ENVELOPE_BYTES - SLICE_HEADER_BYTES,
      sendSlice: (id, total, part) => this.#sendSlice(id, total, part),
      full: () => stream.writableNeedsDrain,
      drained: () => this.#drained(),
    });
    const assembler = new MessageAssembler(FRAME_SLICE_BYTES, (message) => this.#take(message));
    this.#heartbeat = new Heartbeat({
      beat: (sentAtMs) => this.#sendClock(BEAT, sentAtMs),
      onSilence: () => this.#peerVanished(),
      heardElsewhereAtMs: () => heardAtMs.get(connection) ?? 0,
    });
    stream.addEventListener('message', ({ data }) => {
      this.#heartbeat.heard();
      heardAtMs.set(connection, performance.now());
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

  get bytesPerMs(): number {
    return this.#sender.bytesPerMs;
  }

  send(frame: Uint8Array, { signal, lane = '' }: SendOptions = {}): Promise<void> {
    if (frame.byteLength > MAX_FRAME_BYTES) {
      const message = `A frame has ${frame.byteLength} bytes, at most ${MAX_FRAME_BYTES} are allowed.`;
      return Promise.reject(new ShoalError('limit-exceeded', message));
    }
    return this.#sender.send(frame, lane, signal);
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
    if (this.#closing || this.#closed) return;
    this.#closing = true;
    this.#heartbeat.stop();
    try {
      await this.#stream.close({ signal: AbortSignal.timeout(CLOSE_TIMEOUT_MS) });
    } catch (error) {
      this.#stream.abort(ShoalError.from(error));
    }
    this.#end(undefined);
  }

  #take(message: Uint8Array<ArrayBuffer>): void {
    const view = new DataView(message.buffer);
    const kind = message.byteLength < SLICE_HEADER_BYTES ? undefined : view.getUint32(0, true);
    if (kind === SLICE) {
      const part = message.subarray(SLICE_HEADER_BYTES);
      const frame = this.#frames.push(view.getUint32(4, true), view.getUint32(8, true), part);
      if (frame) this.#deliver(frame);
    } else if (kind === BEAT && message.byteLength === BEAT_BYTES) this.#sendClock(ECHO, view.getFloat64(4, true));
    else if (kind === ECHO && message.byteLength === BEAT_BYTES) this.#heartbeat.echoed(view.getFloat64(4, true));
    else throw new ShoalError('bad-frame', `A message of kind ${kind} and ${message.byteLength} bytes came.`);
  }

  #sendSlice(id: number, total: number, part: Uint8Array): void {
    if (this.#closing || this.#closed) throw this.#goneError();
    const header = new DataView(new ArrayBuffer(SLICE_HEADER_BYTES));
    header.setUint32(0, SLICE, true);
    header.setUint32(4, id, true);
    header.setUint32(8, total, true);
    this.#stream.send(prefixed(new Uint8Array(header.buffer), part));
  }

  #deliver(frame: Uint8Array): void {
    if (this.#closing) return;
    if (this.#onFrame) {
      this.#onFrame(frame);
      return;
    }
    this.#early.push(frame);
    const bytes = this.#early.reduce((sum, { byteLength }) => sum + byteLength, 0);
    if (bytes > MAX_FRAME_BYTES) throw new ShoalError('limit-exceeded', `${bytes} bytes of frames came unread.`);
  }

  #sendClock(kind: typeof BEAT | typeof ECHO, clockMs: number): void {
    // Behind a full buffer a beat would only add to it; the frames in it show that we are here.
    if (this.#closing || this.#closed || this.#stream.writableNeedsDrain) return;
    const view = new DataView(new ArrayBuffer(BEAT_BYTES));
    view.setUint32(0, kind, true);
    view.setFloat64(4, clockMs, true);
    try {
      this.#stream.send(prefixed(new Uint8Array(view.buffer)));
    } catch (error) {
      this.#abort(ShoalError.from(error));
    }
  }

  /** Waits for the event: the stream's own `onDrain` works only once. */
  #drained(): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = () => {
        this.#stream.removeEventListener('drain', settle);
        this.#stream.removeEventListener('close', settle);
        if (this.#closed || this.#stream.status !== 'open') reject(this.#goneError());
        else resolve();
      };
      this.#stream.addEventListener('drain', settle);
      this.#stream.addEventListener('close', settle);
    });
  }

  /** Whatever else goes over this connection is lost too, and the next attempt must not use it. */
  #peerVanished(): void {
    const error = new ShoalError('peer-gone', `${this.peerId} has been silent for seconds.`);
    this.#abort(error);
    this.#connection.abort(error);
  }

  #abort(error: ShoalError): void {
    if (this.#closed) return;
    log.warn('NET', `The channel to ${this.peerId} ends: ${error.message}`);
    this.#end(error);
    this.#stream.abort(error);
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
