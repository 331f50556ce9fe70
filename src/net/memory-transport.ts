import { ShoalError } from '../core/errors.ts';
import { Emitter, type Unsubscribe } from '../core/events.ts';
import type {
  AbortOptions,
  Directory,
  FrameChannel,
  IntroductionState,
  RequestHandler,
  Transport,
} from './transport.ts';

/** What a frame, a request or a gossip message meets between two members. */
export interface LinkSettings {
  /** One way, ms; 0 delivers in the next task. */
  readonly latencyMs: number;
}

/** A network in one process: for tests of the swarm at any size, with settable latency, partitions and sudden death. */
export class MemoryNetwork {
  readonly members = new Map<string, MemoryTransport>();
  readonly records = new Map<string, Uint8Array>();
  readonly providers = new Map<string, Set<string>>();
  link: LinkSettings;
  #nextId = 0;

  constructor(link: LinkSettings = { latencyMs: 0 }) {
    this.link = link;
  }

  createTransport(): MemoryTransport {
    const transport = new MemoryTransport(this, `memory-${String(this.#nextId++).padStart(4, '0')}`);
    this.members.set(transport.peerId, transport);
    return transport;
  }

  /** The member vanishes without a word: nothing that it sent arrives any more. */
  kill(peerId: string): void {
    const member = this.members.get(peerId);
    this.members.delete(peerId);
    member?.vanish();
  }

  /** Runs `deliver` after the link's latency if both are still there. */
  carry(from: string, to: string, deliver: (member: MemoryTransport) => void): void {
    setTimeout(() => {
      const member = this.members.get(to);
      if (member && this.members.has(from)) deliver(member);
    }, this.link.latencyMs);
  }
}

/** One member's end of a `MemoryNetwork`. */
export class MemoryTransport implements Transport {
  readonly peerId: string;
  readonly introduction: IntroductionState = 'online';
  readonly directory: Directory;
  readonly #network: MemoryNetwork;
  readonly #connected = new Set<string>();
  readonly #requestHandlers = new Map<string, RequestHandler>();
  readonly #channelHandlers = new Set<(channel: FrameChannel) => void>();
  readonly #channels = new Set<MemoryChannel>();
  readonly #events = new Emitter<{
    peer: { peerId: string; connected: boolean };
    gossip: { from: string; topic: string; message: Uint8Array };
  }>();

  constructor(network: MemoryNetwork, peerId: string) {
    this.#network = network;
    this.peerId = peerId;
    this.directory = new MemoryDirectory(network, peerId);
  }

  peers(): string[] {
    return [...this.#connected];
  }

  async connect(peerId: string): Promise<void> {
    this.#require(peerId).connectionChanged(this.peerId, true);
    this.connectionChanged(peerId, true);
  }

  async request(
    peerId: string,
    protocol: string,
    request: Uint8Array,
    { signal }: AbortOptions = {},
  ): Promise<Uint8Array> {
    await this.connect(peerId);
    return new Promise((resolve, reject) => {
      const gone = this.onPeer((event) => {
        if (event.peerId === peerId && !event.connected)
          settle(() => reject(new ShoalError('peer-gone', `${peerId} is gone.`)));
      });
      const abort = () => settle(() => reject(ShoalError.from(signal?.reason)));
      const settle = (then: () => void) => {
        gone();
        signal?.removeEventListener('abort', abort);
        then();
      };
      signal?.addEventListener('abort', abort, { once: true });
      this.#network.carry(this.peerId, peerId, (member) => {
        const handler = member.#requestHandlers.get(protocol);
        if (!handler)
          return settle(() => reject(new ShoalError('peer-unreachable', `${peerId} does not speak ${protocol}.`)));
        handler(this.peerId, request.slice()).then(
          (response) => this.#network.carry(peerId, this.peerId, () => settle(() => resolve(response.slice()))),
          (error: unknown) => settle(() => reject(new ShoalError('peer-gone', ShoalError.from(error).message))),
        );
      });
    });
  }

  handleRequests(protocol: string, handler: RequestHandler): Unsubscribe {
    this.#requestHandlers.set(protocol, handler);
    return () => this.#requestHandlers.delete(protocol);
  }

  async openChannel(peerId: string): Promise<FrameChannel> {
    await this.connect(peerId);
    const mine = new MemoryChannel(this.#network, this.peerId, peerId);
    const theirs = new MemoryChannel(this.#network, peerId, this.peerId);
    mine.join(theirs);
    this.#channels.add(mine);
    const remote = this.#require(peerId);
    remote.#channels.add(theirs);
    for (const handler of remote.#channelHandlers) handler(theirs);
    return mine;
  }

  handleChannels(handler: (channel: FrameChannel) => void): Unsubscribe {
    this.#channelHandlers.add(handler);
    return () => this.#channelHandlers.delete(handler);
  }

  async publish(topic: string, message: Uint8Array): Promise<void> {
    for (const peerId of this.#network.members.keys()) {
      if (peerId === this.peerId) continue;
      this.#network.carry(this.peerId, peerId, (member) =>
        member.#events.emit('gossip', { from: this.peerId, topic, message: message.slice() }),
      );
    }
  }

  subscribe(topic: string, listener: (from: string, message: Uint8Array) => void): Unsubscribe {
    return this.#events.on('gossip', (gossip) => {
      if (gossip.topic === topic) listener(gossip.from, gossip.message);
    });
  }

  onPeer(listener: (event: { readonly peerId: string; readonly connected: boolean }) => void): Unsubscribe {
    return this.#events.on('peer', listener);
  }

  onIntroduction(): Unsubscribe {
    return () => undefined;
  }

  async close(): Promise<void> {
    this.#network.members.delete(this.peerId);
    this.vanish();
  }

  /** Everybody else sees the connections and channels to this member end. */
  vanish(): void {
    for (const channel of this.#channels) channel.breakOff();
    for (const peerId of this.#connected) this.#network.members.get(peerId)?.connectionChanged(this.peerId, false);
    this.#connected.clear();
  }

  #require(peerId: string): MemoryTransport {
    const member = this.#network.members.get(peerId);
    if (!member || !this.#network.members.has(this.peerId))
      throw new ShoalError('peer-unreachable', `${peerId} is not in the network.`);
    return member;
  }

  /** The other end of a connection opened or closed it. */
  connectionChanged(peerId: string, connected: boolean): void {
    if (connected === this.#connected.has(peerId)) return;
    if (connected) this.#connected.add(peerId);
    else this.#connected.delete(peerId);
    this.#events.emit('peer', { peerId, connected });
  }
}

class MemoryChannel implements FrameChannel {
  readonly peerId: string;
  readonly #network: MemoryNetwork;
  readonly #own: string;
  readonly #early: Uint8Array[] = [];
  #other: MemoryChannel | undefined;
  #onFrame: ((frame: Uint8Array) => void) | undefined;
  #onClose: ((reason: Error | undefined) => void) | undefined;
  #closed = false;

  constructor(network: MemoryNetwork, own: string, peerId: string) {
    this.#network = network;
    this.#own = own;
    this.peerId = peerId;
  }

  get roundTripMs(): number {
    return 2 * this.#network.link.latencyMs;
  }

  join(other: MemoryChannel): void {
    this.#other = other;
    other.#other = this;
  }

  async send(frame: Uint8Array): Promise<void> {
    if (this.#closed) throw new ShoalError('peer-gone', `The channel to ${this.peerId} is closed.`);
    const copy = frame.slice();
    this.#network.carry(this.#own, this.peerId, () => this.#other?.receive(copy));
  }

  onFrame(listener: (frame: Uint8Array) => void): void {
    this.#onFrame = listener;
    for (const frame of this.#early.splice(0)) listener(frame);
  }

  onClose(listener: (reason: Error | undefined) => void): void {
    this.#onClose = listener;
  }

  async close(): Promise<void> {
    this.breakOff();
  }

  breakOff(): void {
    this.end();
    this.#other?.end();
  }

  receive(frame: Uint8Array): void {
    if (this.#closed) return;
    if (this.#onFrame) this.#onFrame(frame);
    else this.#early.push(frame);
  }

  end(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#onClose?.(undefined);
  }
}

class MemoryDirectory implements Directory {
  readonly #network: MemoryNetwork;
  readonly #peerId: string;

  constructor(network: MemoryNetwork, peerId: string) {
    this.#network = network;
    this.#peerId = peerId;
  }

  async put(key: string, value: Uint8Array): Promise<void> {
    this.#network.records.set(key, value);
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return this.#network.records.get(key);
  }

  async provide(key: string): Promise<void> {
    const providers = this.#network.providers.get(key) ?? new Set();
    this.#network.providers.set(key, providers.add(this.#peerId));
  }

  async findProviders(key: string): Promise<string[]> {
    return [...(this.#network.providers.get(key) ?? [])];
  }
}
