import { abortable, abortError } from '../../core/abortable.ts';
import { toHex } from '../../core/bytes.ts';
import { type ErrorCode, ShoalError } from '../../core/errors.ts';
import { Emitter, type Unsubscribe } from '../../core/events.ts';
import { MAX_COMMANDS_IN_FLIGHT } from '../../protocol/limits.ts';
import { InFlight } from '../channel/in-flight.ts';
import { checkMessageSize } from '../channel/message-stream.ts';
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
import { MemoryChannel } from './memory-channel.ts';
import { MemoryDirectory, type MemoryServer } from './memory-server.ts';

/** What lies between the members. */
export interface MemoryMedium {
  readonly servers: readonly MemoryServer[];
  /** Servers that introduce the member now. */
  places(peerId: string): readonly MemoryServer[];
  /** Brings gossip to everybody whom it gets to through the servers. */
  broadcast(from: string, message: Uint8Array, deliver: (member: MemoryTransport) => void): void;
  /** Whether a server can introduce the two. */
  introduces(from: string, to: string): boolean;
  /** In order and late, as the link has it; never when one of the two is gone. */
  carry(from: string, to: string, deliver: (member: MemoryTransport) => void): void;
  roundTripMs(one: string, other: string): number;
  leave(member: MemoryTransport): void;
  /** What the member alone signs with. */
  signingKey(peerId: string): Uint8Array<ArrayBuffer>;
}

/** A message of the gossip; its object is its identity. */
interface Gossip {
  readonly from: string;
  readonly topic: string;
  readonly message: Uint8Array;
  /** Whether those who hear it pass it on; the server reaches everybody at once. */
  readonly hops: boolean;
}

/** One member of a `MemoryNetwork`. */
export class MemoryTransport implements Transport {
  readonly peerId: string;
  readonly directory: Directory;
  readonly #medium: MemoryMedium;
  readonly #connected = new Set<string>();
  /** What ends when a peer is gone: exchanges under way, and channels. */
  readonly #bound = new Map<string, Set<(error: ShoalError) => void>>();
  readonly #channels = new Set<MemoryChannel>();
  readonly #asked = new InFlight(MAX_COMMANDS_IN_FLIGHT);
  readonly #requestHandlers = new Map<string, RequestHandler>();
  #channelHandler: ((channel: FrameChannel) => void) | undefined;
  readonly #events = new Emitter<{ peer: { peerId: string; connected: boolean } }>();
  readonly #listeners = new Map<string, Set<GossipListener>>();
  readonly #heard = new WeakSet<Gossip>();

  constructor(medium: MemoryMedium, peerId: string) {
    this.#medium = medium;
    this.peerId = peerId;
    this.directory = new JointDirectory({
      server: new MemoryDirectory(medium.servers, () => medium.places(peerId), peerId),
      peers: new PeerDirectory(this),
      online: () => this.introduction === 'online',
    });
  }

  get introduction(): IntroductionState {
    return this.#medium.places(this.peerId).length > 0 ? 'online' : 'offline';
  }

  get introducers(): readonly string[] {
    const { servers, places } = this.#medium;
    return servers.length > 1 ? places(this.peerId).map((server) => `server-${servers.indexOf(server)}`) : [];
  }

  /** Any server here introduces to whomever any other does. */
  noteIntroducers(): void {}

  peers(): string[] {
    return [...this.#connected];
  }

  async connect(peerId: string, { signal }: AbortOptions = {}): Promise<void> {
    if (signal?.aborted) throw abortError(signal);
    if (this.#connected.has(peerId)) return;
    if (!this.#medium.introduces(this.peerId, peerId)) {
      throw new ShoalError('peer-unreachable', `${peerId} cannot be reached through the server.`);
    }
    await this.#exchange<void>(peerId, 'peer-unreachable', signal, (resolve) => {
      this.#medium.carry(this.peerId, peerId, (member) => {
        member.#connectedTo(this.peerId);
        this.#medium.carry(peerId, this.peerId, () => {
          this.#connectedTo(peerId);
          resolve();
        });
      });
    });
  }

  async disconnect(peerId: string): Promise<void> {
    if (!this.#connected.has(peerId)) return;
    this.#medium.carry(this.peerId, peerId, (member) => member.lose(this.peerId, `${this.peerId} has hung up.`));
    this.lose(peerId, 'This member has hung up.');
  }

  async pathTo(): Promise<LinkPath> {
    return 'same-network';
  }

  mayServe(): boolean {
    return true;
  }

  async sign(message: Uint8Array): Promise<Uint8Array> {
    return signed(this.#medium.signingKey(this.peerId), message);
  }

  async isSignedBy(peerId: string, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
    return toHex(await signed(this.#medium.signingKey(peerId), message)) === toHex(signature);
  }

  async request(
    peerId: string,
    protocol: string,
    request: Uint8Array,
    { signal }: AbortOptions = {},
  ): Promise<Uint8Array> {
    checkMessageSize(request);
    if (!this.#asked.enter(peerId)) {
      throw new ShoalError('limit-exceeded', `${MAX_COMMANDS_IN_FLIGHT} requests to ${peerId} are unanswered.`);
    }
    const copy = request.slice();
    try {
      await this.connect(peerId, signal ? { signal } : {});
      return await this.#exchange<Uint8Array>(peerId, 'peer-gone', signal, (resolve, reject) => {
        this.#medium.carry(this.peerId, peerId, async (member) => {
          const answer = await member.#answer(this.peerId, protocol, copy);
          this.#medium.carry(peerId, this.peerId, () => {
            if (answer instanceof ShoalError) reject(answer);
            else resolve(answer);
          });
        });
      });
    } finally {
      this.#asked.leave(peerId);
    }
  }

  handleRequests(protocol: string, handler: RequestHandler): Unsubscribe {
    this.#requestHandlers.set(protocol, handler);
    return () => {
      if (this.#requestHandlers.get(protocol) === handler) this.#requestHandlers.delete(protocol);
    };
  }

  async openChannel(peerId: string, { signal }: AbortOptions = {}): Promise<FrameChannel> {
    await this.connect(peerId, signal ? { signal } : {});
    return this.#exchange<FrameChannel>(peerId, 'peer-unreachable', signal, (resolve, reject) => {
      this.#medium.carry(this.peerId, peerId, (member) => {
        if (!member.#channelHandler) {
          reject(new ShoalError('peer-unreachable', `${peerId} takes no channels.`));
          return;
        }
        const mine: MemoryChannel = this.#channelTo(member, () => theirs);
        const theirs: MemoryChannel = member.#channelTo(this, () => mine);
        member.#channelHandler(theirs);
        this.#medium.carry(peerId, this.peerId, () => resolve(mine));
      });
    });
  }

  handleChannels(handler: (channel: FrameChannel) => void): Unsubscribe {
    this.#channelHandler = handler;
    return () => {
      if (this.#channelHandler === handler) this.#channelHandler = undefined;
    };
  }

  async publish(topic: string, message: Uint8Array): Promise<void> {
    const hops = this.introduction === 'offline';
    const gossip = { from: this.peerId, topic, message: message.slice(), hops };
    if (hops) this.#spread(gossip);
    else {
      const direct = new Set(this.#connected);
      this.#medium.broadcast(this.peerId, gossip.message, (member) =>
        member.#hear(gossip, direct.has(member.peerId) ? this.peerId : undefined),
      );
    }
  }

  /**
   * Hands a message over as somebody's whom it has made up: a key for it is made as quickly.
   * @param through - `server`: as if somebody who is connected to it had said it
   */
  forge(from: string, topic: string, message: Uint8Array, through: 'connections' | 'server' = 'connections'): void {
    const gossip = { from, topic, message: message.slice(), hops: through === 'connections' };
    if (gossip.hops) this.#spread(gossip);
    else this.#medium.broadcast(this.peerId, gossip.message, (member) => member.#hear(gossip, undefined));
  }

  subscribe(topic: string, listener: GossipListener): Unsubscribe {
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners.add(listener));
    return () => listeners.delete(listener);
  }

  onPeer(listener: (event: { readonly peerId: string; readonly connected: boolean }) => void): Unsubscribe {
    return this.#events.on('peer', listener);
  }

  onIntroduction(listener: (state: IntroductionState) => void): Unsubscribe {
    const places = () => [this.introduction, ...this.introducers].join();
    let before = places();
    const tell = () => {
      if (places() === before) return;
      before = places();
      listener(this.introduction);
    };
    const unsubscribes = this.#medium.servers.map(({ events }) => events.on('change', tell));
    return () => {
      for (const unsubscribe of unsubscribes) unsubscribe();
    };
  }

  async close(): Promise<void> {
    for (const peerId of this.#connected) {
      this.#medium.carry(this.peerId, peerId, (member) => member.lose(this.peerId, `${this.peerId} has left.`));
    }
    this.#medium.leave(this);
    this.vanish();
  }

  /** The process of this member ends here: nothing that it waits for comes any more. */
  vanish(): void {
    for (const peerId of [...this.#connected, ...this.#bound.keys()]) this.lose(peerId, 'This member is closed.');
  }

  /** The peer has left or fallen silent: the connection ends, and all that is bound to it. */
  lose(peerId: string, why: string): void {
    const error = new ShoalError('peer-gone', why);
    const bound = this.#bound.get(peerId);
    this.#bound.delete(peerId);
    for (const end of bound ?? []) end(error);
    if (this.#connected.delete(peerId)) this.#events.emit('peer', { peerId, connected: false });
  }

  /** The peer's page stands still, or goes on. */
  tellLate(peerId: string, late: boolean): void {
    for (const channel of this.#channels) if (channel.peerId === peerId) channel.tellLate(late);
  }

  #spread(gossip: Gossip, except?: string): void {
    this.#heard.add(gossip);
    for (const peerId of this.#connected)
      if (peerId !== except) this.#medium.carry(this.peerId, peerId, (member) => member.#hear(gossip, this.peerId));
  }

  #hear(gossip: Gossip, forwarder: string | undefined): void {
    const { from, topic, message, hops } = gossip;
    // A server brings each once.
    if (hops) {
      if (this.#heard.has(gossip)) return;
      this.#heard.add(gossip);
    }
    const answers = [...(this.#listeners.get(topic) ?? [])].map((listen) => listen(from, message, forwarder));
    if (hops && answers.some((answer) => answer !== false)) this.#spread(gossip, forwarder);
  }

  #connectedTo(peerId: string): void {
    if (this.#connected.has(peerId)) return;
    this.#connected.add(peerId);
    this.#events.emit('peer', { peerId, connected: true });
  }

  async #answer(from: string, protocol: string, request: Uint8Array): Promise<Uint8Array | ShoalError> {
    const handler = this.#requestHandlers.get(protocol);
    if (!handler) return new ShoalError('peer-unreachable', `${this.peerId} does not speak ${protocol}.`);
    try {
      const response = await handler(from, request);
      checkMessageSize(response);
      return response.slice();
    } catch (error) {
      return new ShoalError('peer-gone', `${this.peerId} gave no answer: ${ShoalError.from(error).message}`);
    }
  }

  #channelTo(member: MemoryTransport, other: () => MemoryChannel): MemoryChannel {
    const { peerId } = member;
    const unbind = this.#bind(peerId, (error) => channel.end(error));
    const channel: MemoryChannel = new MemoryChannel({
      peerId,
      roundTripMs: () => this.#medium.roundTripMs(this.peerId, peerId),
      carry: (deliver) => this.#medium.carry(this.peerId, peerId, () => deliver(other())),
      onEnd: () => {
        unbind();
        this.#channels.delete(channel);
      },
    });
    this.#channels.add(channel);
    return channel;
  }

  /** Runs something with a peer that fails when the peer is gone or the signal fires. */
  async #exchange<T>(
    peerId: string,
    code: ErrorCode,
    signal: AbortSignal | undefined,
    run: (resolve: (value: T) => void, reject: (error: ShoalError) => void) => void,
  ): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const unbind = this.#bind(peerId, ({ message }) => reject(new ShoalError(code, message)));
    run(resolve, reject);
    try {
      return await abortable(promise, signal);
    } finally {
      unbind();
    }
  }

  #bind(peerId: string, end: (error: ShoalError) => void): Unsubscribe {
    let bound = this.#bound.get(peerId);
    if (!bound) {
      bound = new Set();
      this.#bound.set(peerId, bound);
    }
    bound.add(end);
    return () => bound.delete(end);
  }
}

/** 64 bytes, as of the network's tabs. */
async function signed(key: Uint8Array<ArrayBuffer>, message: Uint8Array): Promise<Uint8Array> {
  const imported = await crypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-512' }, false, ['sign']);
  return new Uint8Array(await crypto.subtle.sign('HMAC', imported, message.slice()));
}
