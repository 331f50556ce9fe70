import type { Connection, Stream } from '@libp2p/interface';
import { ShoalError } from '../core/errors.ts';
import { log } from '../core/log.ts';
import { FRAME_SLICE_BYTES, MAX_FRAME_BYTES } from '../protocol/limits.ts';
import { DeliveryLog } from './delivery-log.ts';
import { FrameAssembler } from './frame-assembler.ts';
import { FrameSender } from './frame-sender.ts';
import { Heartbeat } from './heartbeat.ts';
import { MessageAssembler, prefixed } from './message-assembler.ts';
import type { Delivery, FrameChannel, SendOptions } from './transport.ts';

/*
 * A message on the stream, after its length; little-endian.
 *
 * offset  type  meaning
 * 0       u32   kind: 0 slice of a frame, 1 beat, 2 echo of a beat, 3 arrival, 4 nudge
 * 4       f64   beat and echo: the clock of the beat's sender, ms
 * 4       u32   slice: the frame's number; slices of several frames may take turns
 * 8       u32   slice: bytes of the whole frame
 * 12      …     slice: the bytes that come next
 * 4       u32   arrival: the number of a frame that is here as a whole; told of some
 *
 * A nudge says nothing. SCTP sends a lost packet again when three later ones have come, and otherwise only after a
 * timeout of several round trips: where packets get lost, three nudges follow every frame.
 */
const SLICE = 0;
const BEAT = 1;
const ECHO = 2;
const SLICE_HEADER_BYTES = 12;
const BEAT_BYTES = 12;
const ARRIVAL = 3;
const ARRIVAL_BYTES = 8;
/** How often arrivals are told: enough to know the link, and not a message for each of many frames. */
const ARRIVAL_INTERVAL_MS = 50;
const NUDGE = 4;
const NUDGE_BYTES = 4;
const NUDGES = 3;
/** A longer frame's own packets are nudges enough for most of it; more would only be more that gets lost. */
const MAX_NUDGED_BYTES = FRAME_SLICE_BYTES;
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
  readonly #deliveries = new DeliveryLog();
  #onFrame: ((frame: Uint8Array) => void) | undefined;
  /** Frames that came before anybody listened; together at most one of the largest. */
  #early: Uint8Array[] = [];
  #onClose: ((reason: Error | undefined) => void) | undefined;
  #toldAtMs = Number.NEGATIVE_INFINITY;
  #closing = false;
  #closed: { readonly reason: Error | undefined } | undefined;

  constructor(stream: Stream, connection: Connection) {
    this.peerId = connection.remotePeer.toString();
    this.#stream = stream;
    this.#connection = connection;
    this.#sender = new FrameSender({
      sliceBytes: FRAME_SLICE_BYTES - ENVELOPE_BYTES - SLICE_HEADER_BYTES,
      sendSlice: (id, total, part, last) => this.#sendSlice(id, total, part, last),
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

  get deliveries(): readonly Delivery[] {
    return this.#deliveries.recent;
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
    const bytes = message.byteLength;
    const kind = bytes < NUDGE_BYTES ? undefined : view.getUint32(0, true);
    if (kind === SLICE && bytes >= SLICE_HEADER_BYTES) {
      const id = view.getUint32(4, true);
      const frame = this.#frames.push(id, view.getUint32(8, true), message.subarray(SLICE_HEADER_BYTES));
      if (!frame) return;
      this.#tellArrival(id);
      this.#deliver(frame);
    } else if (kind === BEAT && bytes === BEAT_BYTES) this.#sendClock(ECHO, view.getFloat64(4, true));
    else if (kind === ECHO && bytes === BEAT_BYTES) this.#heartbeat.echoed(view.getFloat64(4, true));
    else if (kind === ARRIVAL && bytes === ARRIVAL_BYTES)
      this.#deliveries.arrived(view.getUint32(4, true), this.roundTripMs);
    else if (kind !== NUDGE || bytes !== NUDGE_BYTES)
      throw new ShoalError('bad-frame', `A message of kind ${kind} and ${bytes} bytes came.`);
  }

  #sendSlice(id: number, total: number, part: Uint8Array, last: boolean): void {
    if (this.#closing || this.#closed) throw this.#goneError();
    const nudged = total <= MAX_NUDGED_BYTES && this.#deliveries.lossy;
    this.#deliveries.sent(id, total, nudged);
    this.#stream.send(prefixed(words(SLICE, id, total), part));
    if (!last || !nudged) return;
    for (let count = 0; count < NUDGES; count++) this.#sendAside(words(NUDGE));
  }

  #tellArrival(id: number): void {
    const nowMs = performance.now();
    if (nowMs - this.#toldAtMs < ARRIVAL_INTERVAL_MS) return;
    this.#toldAtMs = nowMs;
    this.#sendAside(words(ARRIVAL, id));
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
    const view = new DataView(new ArrayBuffer(BEAT_BYTES));
    view.setUint32(0, kind, true);
    view.setFloat64(4, clockMs, true);
    this.#sendAside(new Uint8Array(view.buffer));
  }

  /** Sends what is of no use later: behind a full buffer it would only add to it, and the frames there show that we are here. */
  #sendAside(message: Uint8Array): void {
    if (this.#closing || this.#closed || this.#stream.writableNeedsDrain) return;
    try {
      this.#stream.send(prefixed(message));
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

function words(...numbers: number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(numbers).buffer);
}
