import { ShoalError } from '../../core/errors.ts';
import { log } from '../../core/log.ts';
import type { ChannelMessage } from './channel-messages.ts';
import type { FrameLabel } from './frame-label.ts';
import type { SideConnections, SideOptions } from './side-connections.ts';
import { MAX_STRIPED_BYTES, StripeAssembler, stripe } from './stripes.ts';

/** From one attempt to the next, and from one wish. */
const RETRY_MS = 30_000;
/** A caller that calls again sooner is not honest, or these are the rest of a call that has failed. */
const LEAST_RETRY_MS = 20_000;

/** Messages of the channel's stream that are about side connections. */
export type SideMessage = Extract<ChannelMessage, { readonly kind: 'wish' | 'offer' | 'answer' }>;

export type OpenSides = (options: Omit<SideOptions, 'iceServers' | 'addresses'>) => Sides;
export type Sides = Pick<SideConnections, 'ready' | 'offer' | 'take' | 'send' | 'close'>;

export interface SideFramesOptions {
  readonly peerId: string;
  /** This end opened the channel: it calls, the other end answers. */
  readonly caller: boolean;
  readonly open: OpenSides;
  /** Sends a message on the channel's own stream. */
  readonly send: (message: ChannelMessage) => void;
  /** Whether a frame is here already. */
  readonly isHere: (id: number) => boolean;
  readonly onFrame: (label: FrameLabel, frame: Uint8Array) => void;
  /** Something came, whatever it was. */
  readonly onHeard: () => void;
  /** What went over the sides may be lost, or the peer broke the rules: the channel cannot go on. */
  readonly onBroken: (error: ShoalError) => void;
}

/** Frames in packets over side connections, which are opened once somebody wants them and then stay. */
export class SideFrames {
  readonly #options: SideFramesOptions;
  readonly #assembler = new StripeAssembler();
  #sides: Sides | undefined;
  #nextTryMs = Number.NEGATIVE_INFINITY;
  #nextCallMs = Number.NEGATIVE_INFINITY;

  constructor(options: SideFramesOptions) {
    this.#options = options;
  }

  /** Packets get lost, or their window is too small: opens side connections, or asks the peer to, unless that is under way. */
  want(): void {
    const nowMs = performance.now();
    if (this.#sides || nowMs < this.#nextTryMs) return;
    this.#nextTryMs = nowMs + RETRY_MS;
    const { caller, send } = this.#options;
    if (caller) this.#open().offer();
    else send({ kind: 'wish' });
  }

  /** The peer's wish, or its description of a connection. @throws ShoalError `bad-frame` */
  take(message: SideMessage): void {
    const { caller } = this.#options;
    if (caller !== (message.kind !== 'offer')) throw new ShoalError('bad-frame', `This end takes no ${message.kind}.`);
    if (message.kind === 'wish') this.want();
    else {
      if (message.kind === 'offer') this.#answer();
      // What is about connections that were given up meanwhile says nothing.
      this.#sides?.take(message.kind, message.index, message.sdp);
    }
  }

  /** @returns false when the frame must go another way */
  send(label: FrameLabel, frame: Uint8Array): boolean {
    if (!this.#sides?.ready || frame.length === 0 || frame.length > MAX_STRIPED_BYTES) return false;
    return this.#sides.send(stripe(label, frame));
  }

  close(): void {
    this.#sides?.close();
  }

  #answer(): void {
    const nowMs = performance.now();
    if (this.#sides || nowMs < this.#nextCallMs) return;
    this.#nextCallMs = nowMs + LEAST_RETRY_MS;
    this.#open();
  }

  #open(): Sides {
    const { peerId, open, send, onBroken } = this.#options;
    const sides = open({
      describe: (kind, index, sdp) => send({ kind, index, sdp }),
      onReady: () => log.info('NET', `Packets to ${peerId} get lost or wait: frames go over side connections now.`),
      onMessage: (bytes) => this.#take(bytes),
      onLost: (error) => {
        if (sides.ready) onBroken(error);
        else {
          log.info('NET', `Side connections to ${peerId}: ${error.message}`);
          this.#sides = undefined;
        }
      },
    });
    this.#sides = sides;
    return sides;
  }

  #take(bytes: Uint8Array): void {
    const { isHere, onFrame, onHeard, onBroken } = this.#options;
    onHeard();
    try {
      const whole = this.#assembler.push(bytes, isHere);
      if (whole) onFrame(whole.label, whole.frame);
    } catch (error) {
      onBroken(ShoalError.from(error));
    }
  }
}
