import type { Connection, Stream } from '@libp2p/interface';
import { abortable, abortError } from '../core/abortable.ts';
import { ShoalError } from '../core/errors.ts';
import { log } from '../core/log.ts';
import { MAX_FRAME_BYTES } from '../protocol/limits.ts';
import { Heartbeat } from './heartbeat.ts';
import { MessageAssembler, prefixed } from './message-assembler.ts';
import type { AbortOptions, FrameChannel } from './transport.ts';

/*
 * A message on the stream, after its length; little-endian.
 *
 * offset  type  meaning
 * 0       u32   kind: 0 frame, 1 beat, 2 echo of a beat
 * 4       …     frame: its bytes, which so begin at a multiple of 4; beat and echo: f64, the clock of the beat's sender, ms
 */
const FRAME = 0;
const BEAT = 1;
const ECHO = 2;
const KIND_BYTES = 4;
const BEAT_BYTES = 12;
/** A peer that does not take part in closing is left behind after this. */
const CLOSE_TIMEOUT_MS = 3000;
const FRAME_KIND = Uint8Array.of(FRAME, 0, 0, 0);

/** Frames over one libp2p stream, with a heartbeat beside them. */
export class StreamChannel implements FrameChannel {
  readonly peerId: string;
  readonly #stream: Stream;
  readonly #connection: Connection;
  readonly #heartbeat: Heartbeat;
  #onFrame: ((frame: Uint8Array) => void) | undefined;
  /** Frames that came before anybody listened; together at most one of the largest. */
  #early: Uint8Array[] = [];
  #onClose: ((reason: Error | undefined) => void) | undefined;
  #closing = false;
  #closed: { readonly reason: Error | undefined } | undefined;
  #sending: Promise<void> = Promise.resolve();

  constructor(stream: Stream, connection: Connection) {
    this.peerId = connection.remotePeer.toString();
    this.#stream = stream;
    this.#connection = connection;
    const assembler = new MessageAssembler(MAX_FRAME_BYTES + KIND_BYTES, (message) => this.#take(message));
    this.#heartbeat = new Heartbeat({
      beat: (sentAtMs) => this.#sendClock(BEAT, sentAtMs),
      onSilence: () => this.#peerVanished(),
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
      const message = `A frame has ${frame.byteLength} bytes, at most ${MAX_FRAME_BYTES} are allowed.`;
      return Promise.reject(new ShoalError('limit-exceeded', message));
    }
    const message = prefixed(FRAME_KIND, frame);
    const sent = this.#sending.then(async () => {
      if (signal?.aborted) throw abortError(signal);
      if (this.#closing || this.#closed) throw this.#goneError();
      this.#stream.send(message);
      while (this.#stream.writableNeedsDrain) await this.#drained();
    });
    this.#sending = sent.catch(() => undefined);
    return abortable(sent, signal);
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
    const kind = message.byteLength < KIND_BYTES ? undefined : view.getUint32(0, true);
    if (kind === FRAME) this.#deliver(message.subarray(KIND_BYTES));
    else if (kind === BEAT && message.byteLength === BEAT_BYTES) this.#sendClock(ECHO, view.getFloat64(4, true));
    else if (kind === ECHO && message.byteLength === BEAT_BYTES) this.#heartbeat.echoed(view.getFloat64(4, true));
    else throw new ShoalError('bad-frame', `A message of kind ${kind} and ${message.byteLength} bytes came.`);
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
