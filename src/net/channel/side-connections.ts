import { ShoalError } from '../../core/errors.ts';
import { guardedDescription } from '../../core/ice-candidates.ts';

/**
 * Connections beside a channel's own: an SCTP association that has lost a packet sends four packets a round trip at
 * first, and a row of 4096 values is sixteen with its parity.
 */
const SIDES = 4;
/** Bytes that a connection may hold back before it gets no more: what waits there waits for a round trip. */
const MAX_HELD_BYTES = 8 * 1024;
/** A description is sent with the addresses that are found until then; a STUN server that does not answer costs no more. */
const GATHERING_MS = 1000;
/** A description with a dozen addresses; it must fit a message of the channel. */
const MAX_DESCRIPTION_BYTES = 4000;
/** A connection takes some four round trips. */
const OPENING_MS = 15_000;

export type DescriptionKind = 'offer' | 'answer';

export interface SideOptions {
  readonly iceServers: readonly RTCIceServer[];
  /** Addresses that the peer is known by, lower case: its side connections lead to no other. None when they cannot be told. */
  readonly addresses: () => Promise<ReadonlySet<string>>;
  /** Brings a session description to the peer, by a way that nobody else can write to: it names the connection's key. */
  readonly describe: (kind: DescriptionKind, index: number, sdp: string) => void;
  readonly onMessage: (bytes: Uint8Array) => void;
  /** All are open. */
  readonly onReady: () => void;
  /** Could not be opened, or, `ready`, one of them has ended and may have taken something with it. Not after `close`. */
  readonly onLost: (error: ShoalError) => void;
}

/** Several connections to one peer for messages in no order, none of which gets lost. */
export class SideConnections {
  readonly #options: SideOptions;
  readonly #connections = new Map<number, RTCPeerConnection>();
  /** The open ones. */
  readonly #channels: RTCDataChannel[] = [];
  readonly #timer: ReturnType<typeof setTimeout>;
  #next = 0;
  #closed = false;

  constructor(options: SideOptions) {
    this.#options = options;
    this.#timer = setTimeout(() => this.#lose('did not open in time'), OPENING_MS);
  }

  /** Whether all are open. */
  get ready(): boolean {
    return this.#channels.length === SIDES;
  }

  /** Opens all, as the one who calls. */
  offer(): void {
    for (let index = 0; index < SIDES; index++) {
      const connection = this.#open(index);
      void this.#describe('offer', index, connection, connection.setLocalDescription());
    }
  }

  /** The peer's description of a connection. @throws ShoalError `bad-frame` */
  take(kind: DescriptionKind, index: number, sdp: string): void {
    const known = this.#connections.get(index);
    if (index >= SIDES || (kind === 'offer') !== (known === undefined))
      throw new ShoalError('bad-frame', `An ${kind} came for side connection ${index}.`);
    if (sdp.length > MAX_DESCRIPTION_BYTES)
      throw new ShoalError('bad-frame', `A side connection is described by ${sdp.length} characters.`);
    const connection = known ?? this.#open(index);
    const taken = this.#options
      .addresses()
      .then((addresses) => connection.setRemoteDescription({ type: kind, sdp: guardedDescription(sdp, addresses) }));
    if (kind === 'answer') taken.catch((error) => this.#lose(String(error)));
    else
      void this.#describe(
        'answer',
        index,
        connection,
        taken.then(() => connection.setLocalDescription()),
      );
  }

  /**
   * Hands each message to the connection that holds back the least.
   * @returns false, and sends nothing, when all of them hold back too much
   */
  send(messages: readonly Uint8Array<ArrayBuffer>[]): boolean {
    if (!this.#channels.some(({ bufferedAmount }) => bufferedAmount <= MAX_HELD_BYTES)) return false;
    for (const message of messages) this.#freest().send(message);
    return true;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const connection of this.#connections.values()) connection.close();
  }

  #open(index: number): RTCPeerConnection {
    const connection = new RTCPeerConnection({ iceServers: [...this.#options.iceServers] });
    this.#connections.set(index, connection);
    const channel = connection.createDataChannel('side', { negotiated: true, id: 0, ordered: false });
    channel.binaryType = 'arraybuffer';
    channel.addEventListener('open', () => this.#opened(channel));
    channel.addEventListener('close', () => this.#lose('has ended'));
    channel.addEventListener('message', ({ data }: MessageEvent<ArrayBuffer | string>) => {
      if (data instanceof ArrayBuffer) this.#options.onMessage(new Uint8Array(data));
      else this.#lose('brought text');
    });
    connection.addEventListener('connectionstatechange', () => {
      if (connection.connectionState === 'failed') this.#lose('has failed');
    });
    return connection;
  }

  async #describe(kind: DescriptionKind, index: number, connection: RTCPeerConnection, described: Promise<void>) {
    try {
      await described;
      await gathered(connection);
      const { sdp } = connection.localDescription!;
      if (sdp.length > MAX_DESCRIPTION_BYTES) throw new Error(`is described by ${sdp.length} characters`);
      if (!this.#closed) this.#options.describe(kind, index, sdp);
    } catch (error) {
      this.#lose(String(error));
    }
  }

  #opened(channel: RTCDataChannel): void {
    this.#channels.push(channel);
    if (!this.ready) return;
    clearTimeout(this.#timer);
    this.#options.onReady();
  }

  #freest(): RTCDataChannel {
    const first = this.#next++;
    const turn = (place: number) => this.#channels[(first + place) % SIDES]!;
    let best = turn(0);
    for (let place = 1; place < SIDES; place++) {
      if (turn(place).bufferedAmount < best.bufferedAmount) best = turn(place);
    }
    return best;
  }

  #lose(what: string): void {
    if (this.#closed) return;
    this.close();
    this.#options.onLost(new ShoalError('peer-gone', `A side connection ${what}.`));
  }
}

function gathered(connection: RTCPeerConnection): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, GATHERING_MS);
  const check = () => {
    if (connection.iceGatheringState === 'complete') resolve();
  };
  connection.addEventListener('icegatheringstatechange', check);
  check();
  return promise.finally(() => {
    clearTimeout(timer);
    connection.removeEventListener('icegatheringstatechange', check);
  });
}
