import type { Message } from '@libp2p/gossipsub';
import type { Connection, Stream } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import { ShoalError } from '../core/errors.ts';
import { Emitter, type Unsubscribe } from '../core/events.ts';
import { MAX_COMMANDS_IN_FLIGHT } from '../protocol/limits.ts';
import { DhtDirectory } from './dht-directory.ts';
import { DirectDialer, isDirect } from './direct-dialer.ts';
import { Introduction } from './introduction.ts';
import { createTabNode, type TabNode } from './libp2p-node.ts';
import { StreamChannel } from './stream-channel.ts';
import { answerOn, requestOn } from './stream-request.ts';
import type {
  AbortOptions,
  Directory,
  FrameChannel,
  IntroductionState,
  RequestHandler,
  Transport,
} from './transport.ts';

/** The libp2p protocol of activation frames. */
const CHANNEL_PROTOCOL = '/shoal/activations/1.0.0';
/** How long a start waits for the relay before it goes on without. */
const INTRODUCTION_TIMEOUT_MS = 10_000;
/** Opening a stream is one round trip over an open connection. */
const STREAM_TIMEOUT_MS = 8000;
/** Channels a peer may open to this tab: one serves both directions, a second comes of a tie. */
const MAX_CHANNELS_PER_PEER = 4;

export interface Libp2pTransportOptions {
  /** Multiaddr of the signaling server's relay, with its peer id. */
  readonly relay: string;
  readonly iceServers: readonly RTCIceServer[];
}

/**
 * Joins the network: resolves when the relay introduces this tab, or after a while without it; it is then looked for in
 * the background.
 */
export async function createLibp2pTransport({ relay, iceServers }: Libp2pTransportOptions): Promise<Transport> {
  const node = await createTabNode(iceServers);
  const transport = new Libp2pTransport(node, relay);
  await transport.introduced(INTRODUCTION_TIMEOUT_MS);
  return transport;
}

class Libp2pTransport implements Transport {
  readonly peerId: string;
  readonly directory: Directory;
  readonly #node: TabNode;
  readonly #introduction: Introduction;
  readonly #dialer: DirectDialer;
  readonly #events = new Emitter<{ peer: { readonly peerId: string; readonly connected: boolean } }>();
  readonly #connected = new Set<string>();

  constructor(node: TabNode, relay: string) {
    const address = multiaddr(relay);
    this.#node = node;
    this.peerId = node.peerId.toString();
    this.#introduction = new Introduction(node, address);
    this.#dialer = new DirectDialer(node, address);
    this.directory = new DhtDirectory(node);
    node.addEventListener('connection:open', ({ detail }) => this.#connectionChanged(detail));
    node.addEventListener('connection:close', ({ detail }) => this.#connectionChanged(detail));
  }

  get introduction(): IntroductionState {
    return this.#introduction.state;
  }

  introduced(timeoutMs: number): Promise<void> {
    return this.#introduction.settled(timeoutMs);
  }

  peers(): string[] {
    return [...this.#connected];
  }

  async connect(peerId: string): Promise<void> {
    await this.#dialer.connect(peerId);
  }

  async request(
    peerId: string,
    protocol: string,
    request: Uint8Array,
    { signal }: AbortOptions = {},
  ): Promise<Uint8Array> {
    return requestOn(await this.#openStream(peerId, protocol, signal), request, signal);
  }

  handleRequests(protocol: string, handler: RequestHandler): Unsubscribe {
    return this.#handle(protocol, MAX_COMMANDS_IN_FLIGHT, (stream, from) => void answerOn(stream, from, handler));
  }

  async openChannel(peerId: string, { signal }: AbortOptions = {}): Promise<FrameChannel> {
    return new StreamChannel(await this.#openStream(peerId, CHANNEL_PROTOCOL, signal), peerId);
  }

  handleChannels(handler: (channel: FrameChannel) => void): Unsubscribe {
    return this.#handle(CHANNEL_PROTOCOL, MAX_CHANNELS_PER_PEER, (stream, from) =>
      handler(new StreamChannel(stream, from)),
    );
  }

  async publish(topic: string, message: Uint8Array): Promise<void> {
    await this.#node.services.gossip.publish(topic, message);
  }

  subscribe(topic: string, listener: (from: string, message: Uint8Array) => void): Unsubscribe {
    const { gossip } = this.#node.services;
    const onMessage = ({ detail }: CustomEvent<Message>) => {
      if (detail.topic === topic && detail.type === 'signed') listener(detail.from.toString(), detail.data);
    };
    gossip.addEventListener('message', onMessage);
    gossip.subscribe(topic);
    return () => {
      gossip.removeEventListener('message', onMessage);
      gossip.unsubscribe(topic);
    };
  }

  onPeer(listener: (event: { readonly peerId: string; readonly connected: boolean }) => void): Unsubscribe {
    return this.#events.on('peer', listener);
  }

  onIntroduction(listener: (state: IntroductionState) => void): Unsubscribe {
    return this.#introduction.onChange(listener);
  }

  async close(): Promise<void> {
    this.#introduction.close();
    await this.#node.stop();
  }

  #handle(protocol: string, maxInboundStreams: number, onStream: (stream: Stream, from: string) => void): Unsubscribe {
    const handler = (stream: Stream, connection: Connection) => onStream(stream, connection.remotePeer.toString());
    void this.#node.handle(protocol, handler, { maxInboundStreams, maxOutboundStreams: MAX_COMMANDS_IN_FLIGHT });
    return () => void this.#node.unhandle(protocol);
  }

  async #openStream(peerId: string, protocol: string, signal: AbortSignal | undefined): Promise<Stream> {
    const connection = await this.#dialer.connect(peerId);
    const timeout = AbortSignal.timeout(STREAM_TIMEOUT_MS);
    try {
      return await connection.newStream(protocol, { signal: signal ? AbortSignal.any([signal, timeout]) : timeout });
    } catch (cause) {
      if (signal?.aborted) throw ShoalError.from(signal.reason);
      throw new ShoalError(
        'peer-unreachable',
        `${peerId} opened no stream for ${protocol}: ${ShoalError.from(cause).message}`,
        { cause },
      );
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
