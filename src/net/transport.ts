import type { Unsubscribe } from '../core/events.ts';

export interface AbortOptions {
  readonly signal?: AbortSignal;
}

export interface SendOptions extends AbortOptions {
  /** Frames of one lane arrive in order; those of different lanes do not wait for each other. One for all by default. */
  readonly lane?: string;
}

/**
 * How two tabs reach each other: within one network, over the internet from end to end, or through a relay (TURN) that
 * carries every byte.
 */
export type LinkPath = 'same-network' | 'direct' | 'relayed';

/** How a frame got to the peer. */
export interface Delivery {
  readonly bytes: number;
  /** So much longer it took than an empty message takes, there and the word of it back, ms. */
  readonly lateMs: number;
}

/** Whole binary frames, both ways, to one peer. */
export interface FrameChannel {
  readonly peerId: string;
  /** Median round trip of the channel's own heartbeat, ms; 0 until the first. */
  readonly roundTripMs: number;
  /** The peer's page says nothing at the moment, though its browser is there: it is slow, or stands still. */
  readonly late: boolean;
  /** Frames that lately arrived at the peer, the newest last. */
  readonly deliveries: readonly Delivery[];
  /**
   * Resolves when the frame is handed to the network and the send buffer has room for another.
   * The frame's bytes are the caller's again at once.
   * @throws ShoalError `peer-gone` when the channel is closed, `limit-exceeded` over `MAX_FRAME_BYTES`, `aborted`
   */
  send(frame: Uint8Array, options?: SendOptions): Promise<void>;
  /** The one consumer of incoming frames. Those that came before are given to it first. */
  onFrame(listener: (frame: Uint8Array) => void): void;
  /** The one listener of changes of `late`. */
  onLate(listener: (late: boolean) => void): void;
  /** Called once, also when the peer vanished without a word; without a reason when either end closed in order. */
  onClose(listener: (reason: Error | undefined) => void): void;
  close(): Promise<void>;
}

/** Answers one request of `from`. A thrown error closes the stream; the handler encodes its own errors. */
export type RequestHandler = (from: string, request: Uint8Array) => Promise<Uint8Array>;

export interface LookUpOptions extends AbortOptions {
  /** Whether a value is believed; one that is not is passed over, and others are asked. */
  readonly accept?: (value: Uint8Array) => boolean;
}

/**
 * The swarm's shared table: small values under a key, and who provides a key. The server's DHT keeps it, and connected
 * peers keep it for each other, so that it works on among them while the server is away.
 */
export interface Directory {
  /** @throws ShoalError `peer-unreachable` when nobody took it, `bad-request` when nobody may, `aborted` */
  put(key: string, value: Uint8Array, options?: AbortOptions): Promise<void>;
  /** @returns undefined when nobody has it. */
  get(key: string, options?: LookUpOptions): Promise<Uint8Array | undefined>;
  /** Registers this peer as a provider of `key`. */
  provide(key: string, options?: AbortOptions): Promise<void>;
  /** Peer ids, in no order. */
  findProviders(key: string, options?: AbortOptions): Promise<string[]>;
}

/**
 * Takes a message of the gossip, once or, where it came from another tab first and then from the server, twice.
 * @param from - its author, who has signed it
 * @param forwarder - who handed it to this tab: `from` over a direct connection, another tab, which may have made the
 * author up, or the server where undefined
 * @returns `false` when it is not to be passed on
 */
export type GossipListener = (from: string, message: Uint8Array, forwarder: string | undefined) => unknown;

/** `online` is told again when another server introduces this tab too, or instead. */
export type IntroductionState = 'connecting' | 'online' | 'offline';

/**
 * How tabs reach each other. Implemented by libp2p (`libp2p-transport.ts`) and in memory (`memory-transport.ts`); one
 * contract suite runs on both.
 */
export interface Transport {
  readonly peerId: string;
  /** Whether the signaling server's relay is reached. Connections between tabs survive without it. */
  readonly introduction: IntroductionState;
  /** Names of the servers that introduce this tab; none where there is one only. */
  readonly introducers: readonly string[];
  readonly directory: Directory;
  /** Peers with an open direct connection. */
  peers(): string[];
  /** Connects directly unless connected. @throws ShoalError `peer-unreachable`, `aborted` */
  connect(peerId: string, options?: AbortOptions): Promise<void>;
  /** A peer has said by which servers it is introduced: where it is looked for first. */
  noteIntroducers(peerId: string, introducers: readonly string[]): void;
  /** Ends the connection to a peer, and what is under way over it. */
  disconnect(peerId: string): Promise<void>;
  /** The way to a connected peer; undefined where nobody tells. */
  pathTo(peerId: string): Promise<LinkPath | undefined>;
  /** Whether the peer, or this tab by its own id, may serve: in a private swarm guests only ask. */
  mayServe(peerId: string): boolean;
  /** One request, one response. @throws ShoalError `peer-unreachable`, `peer-gone`, `limit-exceeded`, `aborted` */
  request(peerId: string, protocol: string, request: Uint8Array, options?: AbortOptions): Promise<Uint8Array>;
  /** The one handler of a protocol; a later one takes its place for good, also when this one is given up. */
  handleRequests(protocol: string, handler: RequestHandler): Unsubscribe;
  /** A channel for activation frames; each call opens a new one. @throws ShoalError `peer-unreachable`, `aborted` */
  openChannel(peerId: string, options?: AbortOptions): Promise<FrameChannel>;
  /** The one handler of channels that peers open; a later one takes its place as with requests. */
  handleChannels(handler: (channel: FrameChannel) => void): Unsubscribe;
  /** This peer's signature under a message, as anybody can check it who knows the peer's id. */
  sign(message: Uint8Array): Promise<Uint8Array>;
  /** Whether the peer has signed the message. */
  isSignedBy(peerId: string, message: Uint8Array, signature: Uint8Array): Promise<boolean>;
  /** Gossip to every subscriber of the topic, signed by this peer. */
  publish(topic: string, message: Uint8Array): Promise<void>;
  subscribe(topic: string, listener: GossipListener): Unsubscribe;
  /** A direct connection opened or closed. */
  onPeer(listener: (event: { readonly peerId: string; readonly connected: boolean }) => void): Unsubscribe;
  onIntroduction(listener: (state: IntroductionState) => void): Unsubscribe;
  close(): Promise<void>;
}
