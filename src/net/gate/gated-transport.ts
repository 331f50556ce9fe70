import { abortable } from '../../core/abortable.ts';
import { ShoalError } from '../../core/errors.ts';
import { Emitter, type Unsubscribe } from '../../core/events.ts';
import { log } from '../../core/log.ts';
import type { SwarmKeys } from '../../protocol/private-swarm.ts';
import { privateTopic } from '../../protocol/private-topic.ts';
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
import { Certificates } from './certificates.ts';
import { GATE_PROTOCOL, GateHandshake } from './gate-handshake.ts';
import { open, seal } from './sealed-gossip.ts';

/** Two round trips over an open connection, while the peer's page may be held up. */
const GATE_TIMEOUT_MS = 20_000;

/** Outsiders keep no table of a private swarm: its tabs keep it for each other. */
const NO_TABLE: Directory = {
  put: async () => undefined,
  get: async () => undefined,
  provide: async () => undefined,
  findProviders: async () => [],
};

/**
 * A transport among those who know a secret. Every peer goes through the gate before anything is asked of it or
 * answered; a peer that does not know the secret is disconnected. Gossip is sealed, under names that tell outsiders
 * nothing.
 */
export class GatedTransport implements Transport {
  readonly peerId: string;
  readonly directory: Directory;
  readonly #inner: Transport;
  readonly #keys: SwarmKeys;
  /** This tab's own, empty where it is a guest. */
  readonly #certificate: Uint8Array;
  readonly #handshake: GateHandshake;
  readonly #certificates: Certificates;
  /** Connected peers that know the secret. */
  readonly #proven = new Set<string>();
  readonly #proving = new Map<string, Promise<void>>();
  readonly #events = new Emitter<{ peer: { readonly peerId: string; readonly connected: boolean } }>();
  readonly #cleanups: Unsubscribe[];

  /** @param inner - nobody else's from now on; its peer ids are known to be theirs */
  constructor(inner: Transport, keys: SwarmKeys) {
    this.#inner = inner;
    this.#keys = keys;
    this.peerId = inner.peerId;
    this.#certificate = keys.certify(inner.peerId) ?? new Uint8Array();
    this.#handshake = new GateHandshake(keys, inner.peerId, this.#certificate);
    this.#certificates = new Certificates(keys);
    this.#cleanups = [
      inner.handleRequests(GATE_PROTOCOL, async (from, message) =>
        this.#handshake.answer(from, message, (certificate) => this.#admit(from, certificate)),
      ),
      inner.onPeer(({ peerId, connected }) => {
        if (connected) void this.#prove(peerId).catch(() => undefined);
        else this.#gone(peerId);
      }),
    ];
    this.directory = new JointDirectory({ server: NO_TABLE, peers: new PeerDirectory(this), online: () => true });
    for (const peerId of inner.peers()) void this.#prove(peerId).catch(() => undefined);
  }

  get introduction(): IntroductionState {
    return this.#inner.introduction;
  }

  get introducers(): readonly string[] {
    return this.#inner.introducers;
  }

  peers(): string[] {
    return this.#inner.peers().filter((peerId) => this.#proven.has(peerId));
  }

  async connect(peerId: string, { signal }: AbortOptions = {}): Promise<void> {
    await abortable(this.#prove(peerId), signal);
  }

  noteIntroducers(peerId: string, introducers: readonly string[]): void {
    this.#inner.noteIntroducers(peerId, introducers);
  }

  disconnect(peerId: string): Promise<void> {
    return this.#inner.disconnect(peerId);
  }

  pathTo(peerId: string): Promise<LinkPath | undefined> {
    return this.#inner.pathTo(peerId);
  }

  mayServe(peerId: string): boolean {
    return peerId === this.peerId ? this.#keys.role === 'member' : this.#certificates.isMember(peerId);
  }

  async request(
    peerId: string,
    protocol: string,
    request: Uint8Array,
    options: AbortOptions = {},
  ): Promise<Uint8Array> {
    await this.connect(peerId, options);
    return this.#inner.request(peerId, protocol, request, options);
  }

  handleRequests(protocol: string, handler: RequestHandler): Unsubscribe {
    return this.#inner.handleRequests(protocol, async (from, request) => {
      await this.#prove(from);
      return handler(from, request);
    });
  }

  async openChannel(peerId: string, options: AbortOptions = {}): Promise<FrameChannel> {
    await this.connect(peerId, options);
    return this.#inner.openChannel(peerId, options);
  }

  handleChannels(handler: (channel: FrameChannel) => void): Unsubscribe {
    return this.#inner.handleChannels((channel) => {
      if (this.#proven.has(channel.peerId)) handler(channel);
      else
        this.#prove(channel.peerId).then(
          () => handler(channel),
          // It has ended with the connection.
          () => undefined,
        );
    });
  }

  sign(message: Uint8Array): Promise<Uint8Array> {
    return this.#inner.sign(message);
  }

  isSignedBy(peerId: string, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
    return this.#inner.isSignedBy(peerId, message, signature);
  }

  publish(topic: string, message: Uint8Array): Promise<void> {
    const sealed = seal(this.#keys, this.peerId, topic, { certificate: this.#certificate, message });
    return this.#inner.publish(privateTopic(this.#keys, topic), sealed);
  }

  subscribe(topic: string, listener: GossipListener): Unsubscribe {
    return this.#inner.subscribe(privateTopic(this.#keys, topic), (from, sealed, forwarder) => {
      const opened = open(this.#keys, from, topic, sealed);
      if (!opened) return false;
      this.#certificates.offer(from, opened.certificate);
      return listener(from, opened.message, forwarder);
    });
  }

  onPeer(listener: (event: { readonly peerId: string; readonly connected: boolean }) => void): Unsubscribe {
    return this.#events.on('peer', listener);
  }

  onIntroduction(listener: (state: IntroductionState) => void): Unsubscribe {
    return this.#inner.onIntroduction(listener);
  }

  async close(): Promise<void> {
    for (const cleanup of this.#cleanups.splice(0)) cleanup();
    await this.#inner.close();
  }

  /**
   * Connects to the peer, and goes through the gate with it unless that is done.
   * @throws ShoalError `not-admitted`, `peer-unreachable`
   */
  async #prove(peerId: string): Promise<void> {
    if (this.#proven.has(peerId)) return;
    let proving = this.#proving.get(peerId);
    if (!proving) {
      proving = this.#passGate(peerId).finally(() => this.#proving.delete(peerId));
      this.#proving.set(peerId, proving);
    }
    await proving;
  }

  async #passGate(peerId: string): Promise<void> {
    await this.#inner.connect(peerId);
    try {
      const signal = AbortSignal.timeout(GATE_TIMEOUT_MS);
      const certificate = await this.#handshake.call(peerId, (message) =>
        this.#inner.request(peerId, GATE_PROTOCOL, message, { signal }),
      );
      this.#admit(peerId, certificate);
      if (!this.#proven.has(peerId)) throw new ShoalError('peer-gone', 'The connection has ended meanwhile.');
    } catch (cause) {
      // The peer may have come in by its own call in the meantime.
      if (this.#proven.has(peerId)) return;
      log.warn('NET', `${peerId} is not let into this private swarm: ${ShoalError.from(cause).message}`);
      void this.#inner.disconnect(peerId).catch(() => undefined);
      throw new ShoalError('not-admitted', `${peerId} is not of this private swarm, or did not answer.`, { cause });
    }
  }

  #admit(peerId: string, certificate: Uint8Array): void {
    this.#certificates.offer(peerId, certificate);
    if (this.#proven.has(peerId) || !this.#inner.peers().includes(peerId)) return;
    this.#proven.add(peerId);
    this.#events.emit('peer', { peerId, connected: true });
  }

  #gone(peerId: string): void {
    this.#handshake.forget(peerId);
    if (this.#proven.delete(peerId)) this.#events.emit('peer', { peerId, connected: false });
  }
}
