import type { Connection, Stream } from '@libp2p/interface';
import { ShoalError } from '../../core/errors.ts';
import { log } from '../../core/log.ts';
import { FRAME_SLICE_BYTES, MAX_FRAME_BYTES } from '../../protocol/limits.ts';
import type { Delivery, FrameChannel, SendOptions } from '../transport.ts';
import { type ChannelMessage, decodeMessage, encodeMessage, SLICE_HEADER_BYTES } from './channel-messages.ts';
import { DeliveryLog } from './delivery-log.ts';
import { FrameAssembler } from './frame-assembler.ts';
import type { FrameLabel } from './frame-label.ts';
import { FrameOrder } from './frame-order.ts';
import { FrameSender } from './frame-sender.ts';
import { Heartbeat } from './heartbeat.ts';
import { linkOf } from './link-watch.ts';
import { MessageAssembler } from './message-assembler.ts';
import { type OpenSides, SideFrames } from './side-frames.ts';
import { MAX_STRIPED_BYTES } from './stripes.ts';
import type { WorkClock } from './work-clock.ts';

/** How often arrivals are told: enough to know the link, and not a message for each of many frames. */
const ARRIVAL_INTERVAL_MS = 50;
const NUDGES = 3;
/** A longer frame's own packets are nudges enough for most of it; more would only be more that gets lost. */
const MAX_NUDGED_BYTES = FRAME_SLICE_BYTES;
/** The message's length, and what libp2p puts around a message. */
const ENVELOPE_BYTES = 16;
/** A peer that does not take part in closing is left behind after this. */
const CLOSE_TIMEOUT_MS = 3000;

/** When anything came by a connection, on whichever of its channels, `performance.now()`. */
const heardAtMs = new WeakMap<Connection, number>();

/**
 * Frames over one libp2p stream, with a heartbeat beside them; where packets get lost, short frames over connections
 * beside it.
 */
export class StreamChannel implements FrameChannel {
  readonly peerId: string;
  readonly #stream: Stream;
  readonly #connection: Connection;
  readonly #work: WorkClock;
  readonly #heartbeat: Heartbeat;
  readonly #frames = new FrameAssembler();
  readonly #order = new FrameOrder();
  readonly #sides: SideFrames | undefined;
  readonly #sender: FrameSender;
  readonly #deliveries = new DeliveryLog();
  #onFrame: ((frame: Uint8Array) => void) | undefined;
  /** Frames that came before anybody listened; together at most one of the largest. */
  #early: Uint8Array[] = [];
  #onClose: ((reason: Error | undefined) => void) | undefined;
  #onLate: ((late: boolean) => void) | undefined;
  #toldAtMs = Number.NEGATIVE_INFINITY;
  #closing = false;
  #closed: { readonly reason: Error | undefined } | undefined;

  /**
   * @param work - the tab's own, of all its channels
   * @param openSides - absent where no frames are sent
   */
  constructor(stream: Stream, connection: Connection, work: WorkClock, openSides?: OpenSides) {
    this.peerId = connection.remotePeer.toString();
    this.#stream = stream;
    this.#connection = connection;
    this.#work = work;
    this.#sender = new FrameSender({
      sliceBytes: FRAME_SLICE_BYTES - ENVELOPE_BYTES - SLICE_HEADER_BYTES,
      sendWhole: (label, frame) => this.#sendWhole(label, frame),
      sendSlice: (label, part, last) => this.#sendSlice(label, part, last),
      full: () => stream.writableNeedsDrain,
      drained: () => this.#drained(),
    });
    this.#sides = openSides && this.#prepareSides(openSides, stream.direction === 'outbound');
    const assembler = new MessageAssembler(FRAME_SLICE_BYTES, (message) => this.#take(decodeMessage(message)));
    this.#heartbeat = new Heartbeat({
      beat: (sentAtMs) => this.#sendAside({ kind: 'beat', clockMs: sentAtMs }),
      onSilence: () => this.#peerVanished(),
      heardElsewhereAtMs: () => heardAtMs.get(connection) ?? 0,
      onLate: (late) => this.#onLate?.(late),
      link: linkOf(connection),
      restedMs: () => work.restedMs,
    });
    stream.addEventListener('message', ({ data }) => {
      this.#heard();
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

  get late(): boolean {
    return this.#heartbeat.late;
  }

  get deliveries(): readonly Delivery[] {
    return this.#deliveries.recent;
  }

  send(frame: Uint8Array, { signal, lane = '' }: SendOptions = {}): Promise<void> {
    if (frame.byteLength > MAX_FRAME_BYTES) {
      const message = `A frame has ${frame.byteLength} bytes, at most ${MAX_FRAME_BYTES} are allowed.`;
      return Promise.reject(new ShoalError('limit-exceeded', message));
    }
    this.#work.worked();
    return this.#sender.send(frame, lane, signal);
  }

  onFrame(listener: (frame: Uint8Array) => void): void {
    this.#onFrame = listener;
    for (const frame of this.#early.splice(0)) listener(frame);
  }

  onLate(listener: (late: boolean) => void): void {
    this.#onLate = listener;
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

  #heard(): void {
    this.#heartbeat.heard();
    heardAtMs.set(this.#connection, performance.now());
  }

  #take(message: ChannelMessage): void {
    switch (message.kind) {
      case 'slice': {
        const frame = this.#frames.push(message.label, message.part);
        if (frame) this.#arrived(message.label, frame);
        return;
      }
      case 'beat':
        this.#sendAside({ kind: 'echo', clockMs: message.clockMs });
        return;
      case 'echo':
        this.#heartbeat.echoed(message.clockMs);
        return;
      case 'arrival':
        this.#deliveries.arrived(message.id, this.roundTripMs);
        if (this.#deliveries.lossy || this.#deliveries.slow(MAX_STRIPED_BYTES)) this.#sides?.want();
        return;
      case 'nudge':
        return;
      default:
        this.#sides?.take(message);
    }
  }

  #arrived(label: FrameLabel, frame: Uint8Array): void {
    this.#work.worked();
    this.#tellArrival(label.id);
    for (const next of this.#order.complete(label, frame)) this.#deliver(next);
  }

  #prepareSides(open: OpenSides, caller: boolean): SideFrames {
    return new SideFrames({
      peerId: this.peerId,
      caller,
      open,
      send: (message) => this.#sendAside(message),
      isHere: (id) => this.#order.has(id),
      onFrame: (label, frame) => this.#arrived(label, frame),
      onHeard: () => this.#heard(),
      onBroken: (error) => this.#abort(error),
    });
  }

  #sendWhole(label: FrameLabel, frame: Uint8Array): boolean {
    if (this.#closing || this.#closed) throw this.#goneError();
    if (!this.#sides?.send(label, frame)) return false;
    this.#deliveries.sent(label.id, label.total, false);
    return true;
  }

  #sendSlice(label: FrameLabel, part: Uint8Array, last: boolean): void {
    if (this.#closing || this.#closed) throw this.#goneError();
    const nudged = label.total <= MAX_NUDGED_BYTES && this.#deliveries.lossy;
    this.#deliveries.sent(label.id, label.total, nudged);
    this.#stream.send(encodeMessage({ kind: 'slice', label, part }));
    if (!last || !nudged) return;
    for (let count = 0; count < NUDGES; count++) this.#sendAside({ kind: 'nudge' });
  }

  #tellArrival(id: number): void {
    const nowMs = performance.now();
    if (nowMs - this.#toldAtMs < ARRIVAL_INTERVAL_MS) return;
    this.#toldAtMs = nowMs;
    this.#sendAside({ kind: 'arrival', id });
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

  /** Sends what is of no use later: behind a full buffer it would only add to it, and the frames there show that we are here. */
  #sendAside(message: ChannelMessage): void {
    if (this.#closing || this.#closed || this.#stream.writableNeedsDrain) return;
    try {
      this.#stream.send(encodeMessage(message));
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
    this.#sides?.close();
    this.#onClose?.(reason);
  }

  #goneError(): ShoalError {
    return new ShoalError('peer-gone', `The channel to ${this.peerId} is closed.`, { cause: this.#closed?.reason });
  }
}
