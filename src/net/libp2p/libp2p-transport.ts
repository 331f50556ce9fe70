import type { Connection, PrivateKey, Stream, StreamHandler } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { abortable, abortError } from '../../core/abortable.ts';
import { ShoalError } from '../../core/errors.ts';
import { Emitter, type Unsubscribe } from '../../core/events.ts';
import { ACTIVATION_PROTOCOL } from '../../protocol/frames.ts';
import { MAX_COMMANDS_IN_FLIGHT } from '../../protocol/limits.ts';
import { answerOn } from '../channel/answer-stream.ts';
import { InFlight } from '../channel/in-flight.ts';
import { pathOf } from '../channel/link-path.ts';
import { addressesOf, peerConnectionOf } from '../channel/link-watch.ts';
import { RequestStreams } from '../channel/request-streams.ts';
import { SideConnections } from '../channel/side-connections.ts';
import { StreamChannel } from '../channel/stream-channel.ts';
import { WorkClock } from '../channel/work-clock.ts';
import { JointDirectory } from '../directory/joint-directory.ts';
import { PeerDirectory } from '../directory/peer-directory.ts';
import type {
  AbortOptions,
  Directory,
  FrameChannel,
  GossipListener,
  IntroductionState,
  LinkPath,
  RequestHandler,
  Transport,
} from '../transport.ts';
import { DhtDirectory } from './dht-directory.ts';
import { DirectDialer, isDirect } from './direct-dialer.ts';
import { GossipTopics } from './gossip-topics.ts';
import { type Introducer, parseRelay } from './introduction.ts';
import { createTabNode, type TabNode } from './libp2p-node.ts';
import { watchConnections } from './pulse.ts';
import type { ReadRelays } from './relay-list.ts';
import { SeveralRelays } from './several-relays.ts';
import { createIdentity } from './tab-identity.ts';

/** How long a start waits for the relay before it goes on without. */
const INTRODUCTION_TIMEOUT_MS = 10_000;
/** Opening a stream is two round trips over an open connection; one that takes longer is dead. */
const STREAM_TIMEOUT_MS = 8000;
/** Of the first attempt: an open connection answers within a few round trips, a dead one never. */
const FIRST_STREAM_TIMEOUT_MS = 4000;
/** Streams that libp2p allows a peer: some are kept for the next request, so twice what may be in flight. */
const MAX_REQUEST_STREAMS = 2 * MAX_COMMANDS_IN_FLIGHT;
/** Channels between two tabs: one serves both directions, a second comes of a tie, more of restarts. */
const MAX_CHANNELS_PER_PEER = 8;

export interface Libp2pTransportOptions {
  /** Multiaddr of the signaling server's relay, with its peer id. */
  readonly relay: string;
  /** Of other servers that share the swarm: one of them, by chance, introduces this tab too. */
  readonly others?: readonly string[];
  /** Reads which these are now: servers join and leave while the tab is open. */
  readonly readOthers?: ReadRelays;
  readonly iceServers: readonly RTCIceServer[];
  /** The tab's identity; a new one when absent. */
  readonly privateKey?: PrivateKey;
  /** Gives up the start. */
  readonly signal?: AbortSignal;
}

/**
 * Joins the network: resolves when the relay introduces this tab, or after a while without it; it is then looked for in
 * the background.
 * @throws ShoalError `bad-request` when `relay` is no relay's address, `aborted`
 */
export async function createLibp2pTransport(options: Libp2pTransportOptions): Promise<Transport> {
  const { signal } = options;
  if (signal?.aborted) throw abortError(signal);
  const { relay, others = [], readOthers, privateKey = await createIdentity(), iceServers } = options;
  const introduction = new SeveralRelays(parseRelay(relay), others.map(parseRelay), readOthers);
  const node = await createTabNode({ ...options, privateKey, ...introduction.nodeOptions });
  introduction.start(node);
  const dialer = new DirectDialer(node, introduction);
  const transport = new Libp2pTransport(node, privateKey, introduction, dialer, iceServers);
  try {
    await abortable(introduction.settled(INTRODUCTION_TIMEOUT_MS), signal);
  } catch (error) {
    await transport.close();
    throw error;
  }
  return transport;
}

class Libp2pTransport implements Transport {
  readonly peerId: string;
  readonly directory: Directory;
  readonly #node: TabNode;
  readonly #identity: PrivateKey;
  readonly #introduction: Introducer;
  readonly #dialer: DirectDialer;
  readonly #iceServers: readonly RTCIceServer[];
  readonly #gossip: GossipTopics;
  readonly #work = new WorkClock();
  readonly #requests = new RequestStreams(
    async (...asked) => (await this.#openStream(...asked, MAX_REQUEST_STREAMS)).stream,
  );
  /** The newest of each protocol. */
  readonly #streamHandlers = new Map<string, StreamHandler>();
  readonly #handlers = new Map<string, RequestHandler>();
  readonly #asked = new InFlight(MAX_COMMANDS_IN_FLIGHT);
  readonly #events = new Emitter<{ peer: { readonly peerId: string; readonly connected: boolean } }>();
  readonly #connected = new Set<string>();

  constructor(
    node: TabNode,
    identity: PrivateKey,
    introduction: Introducer,
    dialer: DirectDialer,
    iceServers: readonly RTCIceServer[],
  ) {
    this.#node = node;
    this.#identity = identity;
    this.peerId = node.peerId.toString();
    this.#introduction = introduction;
    this.#dialer = dialer;
    this.#iceServers = iceServers;
    this.#gossip = new GossipTopics(node.services.gossip, (peerId) => introduction.isRelay(peerId));
    this.directory = new JointDirectory({
      server: new DhtDirectory(node),
      peers: new PeerDirectory(this),
      online: () => this.introduction === 'online',
    });
    watchConnections(node, this.#work);
    globalThis.addEventListener('pagehide', this.#endConnections);
    node.addEventListener('connection:open', ({ detail }) => this.#connectionChanged(detail));
    node.addEventListener('connection:close', ({ detail }) => this.#connectionChanged(detail));
  }

  get introduction(): IntroductionState {
    return this.#introduction.state;
  }

  get introducers(): readonly string[] {
    return this.#introduction.introducers;
  }

  noteIntroducers(peerId: string, introducers: readonly string[]): void {
    this.#introduction.note(peerId, introducers);
  }

  peers(): string[] {
    return [...this.#connected];
  }

  async connect(peerId: string, { signal }: AbortOptions = {}): Promise<void> {
    await this.#dialer.connect(peerId, signal);
  }

  async disconnect(peerId: string): Promise<void> {
    await this.#node.hangUp(peerIdFromString(peerId));
  }

  async pathTo(peerId: string): Promise<LinkPath | undefined> {
    const connection = this.#node.getConnections(peerIdFromString(peerId)).find(isDirect);
    const peerConnection = connection && peerConnectionOf(connection);
    return peerConnection && pathOf(peerConnection);
  }

  mayServe(): boolean {
    return true;
  }

  async request(
    peerId: string,
    protocol: string,
    request: Uint8Array,
    { signal }: AbortOptions = {},
  ): Promise<Uint8Array> {
    if (!this.#asked.enter(peerId)) {
      throw new ShoalError('limit-exceeded', `${MAX_COMMANDS_IN_FLIGHT} requests to ${peerId} are unanswered.`);
    }
    try {
      return await this.#requests.request(peerId, protocol, request, signal);
    } finally {
      this.#asked.leave(peerId);
    }
  }

  handleRequests(protocol: string, handler: RequestHandler): Unsubscribe {
    const answering = new InFlight(MAX_COMMANDS_IN_FLIGHT);
    this.#handlers.set(protocol, handler);
    const unhandle = this.#handle(protocol, MAX_REQUEST_STREAMS, (stream, { remotePeer }) =>
      answerOn(stream, { from: remotePeer.toString(), handler: () => this.#handlers.get(protocol), answering }),
    );
    return () => {
      if (this.#handlers.get(protocol) === handler) this.#handlers.delete(protocol);
      unhandle();
    };
  }

  async openChannel(peerId: string, { signal }: AbortOptions = {}): Promise<FrameChannel> {
    const opened = await this.#openStream(peerId, ACTIVATION_PROTOCOL, signal, MAX_CHANNELS_PER_PEER);
    return this.#channelOver(opened.stream, opened.connection);
  }

  handleChannels(handler: (channel: FrameChannel) => void): Unsubscribe {
    return this.#handle(ACTIVATION_PROTOCOL, MAX_CHANNELS_PER_PEER, (stream, connection) =>
      handler(this.#channelOver(stream, connection)),
    );
  }

  async sign(message: Uint8Array): Promise<Uint8Array> {
    return this.#identity.sign(message);
  }

  async isSignedBy(peerId: string, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
    try {
      return (await peerIdFromString(peerId).publicKey?.verify(message, signature)) ?? false;
    } catch {
      // No id of a peer, or no signature at all.
      return false;
    }
  }

  publish(topic: string, message: Uint8Array): Promise<void> {
    return this.#gossip.publish(topic, message);
  }

  subscribe(topic: string, listener: GossipListener): Unsubscribe {
    return this.#gossip.subscribe(topic, listener);
  }

  onPeer(listener: (event: { readonly peerId: string; readonly connected: boolean }) => void): Unsubscribe {
    return this.#events.on('peer', listener);
  }

  onIntroduction(listener: (state: IntroductionState) => void): Unsubscribe {
    return this.#introduction.onChange(listener);
  }

  async close(): Promise<void> {
    globalThis.removeEventListener('pagehide', this.#endConnections);
    this.#introduction.close();
    await this.#node.stop();
  }

  #channelOver(stream: Stream, connection: Connection): FrameChannel {
    const ways = { iceServers: this.#iceServers, addresses: () => addressesOf(connection) };
    return new StreamChannel(stream, connection, this.#work, (options) => new SideConnections({ ...options, ...ways }));
  }

  /** A page that closes says so; the browser alone would leave the others to their heartbeats. */
  readonly #endConnections = (): void => {
    const error = new ShoalError('aborted', 'The page is closed.');
    for (const connection of this.#node.getConnections()) connection.abort(error);
  };

  #handle(protocol: string, maxInboundStreams: number, handler: StreamHandler): Unsubscribe {
    const options = { maxInboundStreams, maxOutboundStreams: maxInboundStreams, force: true as const };
    this.#streamHandlers.set(protocol, handler);
    void this.#node.handle(protocol, handler, options);
    return () => {
      if (this.#streamHandlers.get(protocol) !== handler) return;
      this.#streamHandlers.delete(protocol);
      void this.#node.unhandle(protocol);
    };
  }

  /** A connection that was dying when the stream was asked for gets one successor. */
  async #openStream(
    peerId: string,
    protocol: string,
    signal: AbortSignal | undefined,
    maxOutboundStreams: number,
    retry = true,
  ): Promise<{ stream: Stream; connection: Connection }> {
    const connection = await this.#dialer.connect(peerId, signal);
    const timeout = AbortSignal.timeout(retry ? FIRST_STREAM_TIMEOUT_MS : STREAM_TIMEOUT_MS);
    try {
      const options = { signal: signal ? AbortSignal.any([signal, timeout]) : timeout, maxOutboundStreams };
      return { stream: await connection.newStream(protocol, options), connection };
    } catch (cause) {
      if (signal?.aborted) throw abortError(signal);
      const error = ShoalError.from(cause);
      if (timeout.aborted) connection.abort(error);
      const full = cause instanceof Error && cause.name === 'TooManyOutboundProtocolStreamsError';
      if (retry && !full && (timeout.aborted || connection.status !== 'open')) {
        return this.#openStream(peerId, protocol, signal, maxOutboundStreams, false);
      }
      const code = full ? 'limit-exceeded' : 'peer-unreachable';
      throw new ShoalError(code, `${peerId} opened no stream for ${protocol}: ${error.message}`, { cause });
    }
  }

  #connectionChanged({ remotePeer }: Connection): void {
    const peerId = remotePeer.toString();
    if (this.#introduction.isRelay(peerId)) return;
    const connected = this.#node.getConnections(remotePeer).some(isDirect);
    if (connected === this.#connected.has(peerId)) return;
    if (connected) this.#connected.add(peerId);
    else this.#connected.delete(peerId);
    this.#events.emit('peer', { peerId, connected });
  }
}
