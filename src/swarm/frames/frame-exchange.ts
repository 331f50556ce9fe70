import { abortable } from '../../core/abortable.ts';
import { ShoalError } from '../../core/errors.ts';
import { Emitter, type Unsubscribe } from '../../core/events.ts';
import { log } from '../../core/log.ts';
import type { FrameChannel, Transport } from '../../net/transport.ts';
import { decodeFrame, encodeFrame } from '../../protocol/frame-codec.ts';
import type { Frame } from '../../protocol/frames.ts';
import type { HiddenFormat } from '../../protocol/hidden-formats.ts';
import { chooseFormat } from './wire-format.ts';

/**
 * Delivers frames to peers over channels that it opens on demand and keeps, and to this tab without leaving it. Either
 * side's channel serves both directions.
 */
export class FrameExchange {
  readonly #transport: Transport;
  readonly #channels = new Map<string, FrameChannel>();
  readonly #opening = new Map<string, Promise<FrameChannel>>();
  readonly #events = new Emitter<{
    frame: { from: string; frame: Frame };
    gone: string;
    unreachable: string;
    late: string;
  }>();
  readonly #stopHandling: Unsubscribe;
  bytesSent = 0;
  bytesReceived = 0;

  constructor(transport: Transport) {
    this.#transport = transport;
    this.#stopHandling = transport.handleChannels((channel) => this.#adopt(channel));
  }

  get peerId(): string {
    return this.#transport.peerId;
  }

  /** @throws ShoalError `peer-unreachable`, `peer-gone`, `aborted` */
  async deliver(to: string, frame: Frame, signal?: AbortSignal): Promise<void> {
    if (to === this.peerId) {
      this.#events.emit('frame', { from: to, frame });
      return;
    }
    const channel = await this.#channel(to, signal);
    const bytes = encodeFrame(frame, formatFor(frame, channel));
    this.bytesSent += bytes.byteLength;
    await channel.send(bytes, { lane: frame.session, ...(signal ? { signal } : {}) });
  }

  /** Sends a frame back to a peer whose channel is open; nobody is called for it. */
  reply(to: string, frame: Frame): void {
    if (!this.isOpen(to)) return;
    this.deliver(to, frame).catch((error: unknown) =>
      log.info('NET', `No reply to ${to}: ${ShoalError.from(error).message}`),
    );
  }

  /** Whether there is a channel to a peer, or it is this tab. */
  isOpen(peerId: string): boolean {
    return peerId === this.peerId || this.#channels.has(peerId);
  }

  /** Opens the channel before the first frame, and has its heartbeat watch the peer. */
  async reach(peerId: string, signal?: AbortSignal): Promise<void> {
    if (peerId !== this.peerId) await this.#channel(peerId, signal);
  }

  roundTripMs(peerId: string): number {
    return this.#channels.get(peerId)?.roundTripMs ?? 0;
  }

  /** Peer and round trip of every open channel that has measured one, ms; the newest channel last. */
  roundTrips(): [peerId: string, roundTripMs: number][] {
    return [...this.#channels]
      .map(([peerId, { roundTripMs }]): [string, number] => [peerId, roundTripMs])
      .filter(([, roundTripMs]) => roundTripMs > 0);
  }

  onFrame(listener: (event: { from: string; frame: Frame }) => void): Unsubscribe {
    return this.#events.on('frame', listener);
  }

  /** The last channel to a peer closed. */
  onGone(listener: (peerId: string) => void): Unsubscribe {
    return this.#events.on('gone', listener);
  }

  /** Whether the peer's page says nothing at the moment, though its browser is there. */
  isLate(peerId: string): boolean {
    return this.#channels.get(peerId)?.late ?? false;
  }

  /** A peer has become late, or is back. */
  onLate(listener: (peerId: string) => void): Unsubscribe {
    return this.#events.on('late', listener);
  }

  /** A peer that is late has been waited for long enough: it counts as unreachable until it is heard again. */
  giveUp(peerId: string): void {
    this.#events.emit('unreachable', peerId);
  }

  /** No channel to a peer could be opened, or it was given up. */
  onUnreachable(listener: (peerId: string) => void): Unsubscribe {
    return this.#events.on('unreachable', listener);
  }

  async close(): Promise<void> {
    this.#stopHandling();
    const channels = [...this.#channels.values()];
    this.#channels.clear();
    await Promise.allSettled(channels.map((channel) => channel.close()));
  }

  async #channel(peerId: string, signal?: AbortSignal): Promise<FrameChannel> {
    const open = this.#channels.get(peerId);
    if (open) return open;
    let opening = this.#opening.get(peerId);
    if (!opening) {
      // Shared by all who wait, so no single waiter's signal may cancel it.
      opening = this.#transport.openChannel(peerId).then((channel) => this.#adopt(channel));
      this.#opening.set(peerId, opening);
      opening.then(
        () => this.#opening.delete(peerId),
        () => {
          this.#opening.delete(peerId);
          this.#events.emit('unreachable', peerId);
        },
      );
    }
    return abortable(opening, signal);
  }

  #adopt(channel: FrameChannel): FrameChannel {
    const { peerId } = channel;
    this.#channels.set(peerId, channel);
    channel.onFrame((bytes) => {
      this.bytesReceived += bytes.byteLength;
      try {
        this.#events.emit('frame', { from: peerId, frame: decodeFrame(bytes) });
      } catch (error) {
        log.warn('NET', `Dropped ${peerId}: ${ShoalError.from(error).message}`);
        void channel.close();
      }
    });
    channel.onLate(() => this.#events.emit('late', peerId));
    channel.onClose(() => {
      if (this.#channels.get(peerId) !== channel) return;
      this.#channels.delete(peerId);
      this.#events.emit('gone', peerId);
    });
    return channel;
  }
}

function formatFor(frame: Frame, channel: FrameChannel): HiddenFormat {
  if (frame.kind !== 'task' || frame.input.dtype === 'u32') return 'f32';
  return chooseFormat(frame.wire ?? 'f32', frame.input.hidden.length, channel);
}
