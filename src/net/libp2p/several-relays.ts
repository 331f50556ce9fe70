import { peerIdFromString } from '@libp2p/peer-id';
import type { Multiaddr } from '@multiformats/multiaddr';
import { abortable } from '../../core/abortable.ts';
import { ShoalError } from '../../core/errors.ts';
import { Emitter, type Unsubscribe } from '../../core/events.ts';
import { log } from '../../core/log.ts';
import { shuffled } from '../../core/shuffled.ts';
import type { IntroductionState } from '../transport.ts';
import { isBy } from './dial-gate.ts';
import { type Introducer, Introduction, relayIdOf } from './introduction.ts';
import type { TabNode } from './libp2p-node.ts';
import { type ReadRelays, RelayList } from './relay-list.ts';
import { ServerGossip } from './server-gossip.ts';

/** Servers that introduce a tab at once: when one dies, nobody has to wait for the next. */
const WANTED_RELAYS = 2;
/** Places asked for: one more, since the server that was away may come back before another is given up. */
const MAX_RELAYS = WANTED_RELAYS + 1;
/** A server that did not answer rests, twice as long each time, up to a minute. */
const FIRST_REST_MS = 2000;
const MAX_REST_MS = 60_000;
const CHECK_INTERVAL_MS = 2000;
/** A server at which a peer was looked for stays connected for so long: the next peer may be there too. */
const VISIT_MS = 20_000;
/** Peers of whom it is kept by which servers they are introduced: more than a swarm's members. */
const MAX_NOTED = 8192;

interface Failed {
  readonly restMs: number;
  readonly untilMs: number;
}

/**
 * Keeps this tab known to its server's relay, and where several servers share the swarm, to that of another by chance.
 * When one is gone it takes a third. Peers are met through any of them.
 */
export class SeveralRelays implements Introducer {
  readonly #list: RelayList;
  readonly #gossip: ServerGossip;
  readonly #events = new Emitter<{ state: IntroductionState }>();
  /** By peer id. */
  readonly #introductions = new Map<string, Introduction>();
  readonly #failed = new Map<string, Failed>();
  /** Looks for a peer that are under way, by the relay's peer id. */
  readonly #visits = new Map<string, number>();
  /** By which servers peers are introduced, as they say; the longest unheard first. */
  readonly #noted = new Map<string, readonly string[]>();
  #node: TabNode | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #state: IntroductionState = 'connecting';
  /** Servers that introduced this tab when its state was told last. */
  #told = '';
  #ownWasAway = false;

  /**
   * @param others - of other servers that share the swarm
   * @param read - reads which they are now
   */
  constructor(own: Multiaddr, others: readonly Multiaddr[], read?: ReadRelays) {
    this.#list = new RelayList(own, others, read, (id) => this.#introductions.has(id) || this.#visits.has(id));
    this.#list.onChange(() => this.#maintain());
    this.#gossip = new ServerGossip((peerId) => this.isRelay(peerId));
    this.#gossip.choose(peerIdFromString(this.#list.own), undefined);
  }

  /** What the tab's node is made with. */
  get nodeOptions() {
    const mayDial = (address: Multiaddr) =>
      [...this.#introductions.keys(), ...this.#visits.keys(), this.#list.own].some((id) =>
        isBy(this.#list.get(id)!, address),
      );
    const isServer = (peerId: string) => this.isRelay(peerId);
    return { mayDial, isServer, relayCount: MAX_RELAYS, gossipView: this.#gossip.view };
  }

  start(node: TabNode): void {
    this.#node = node;
    // Libp2p would walk the DHT for the third place as long as there are two; connections alone bring places.
    node.peerRouting.getClosestPeers = async function* (_key, options) {
      await abortable(new Promise<never>(() => undefined), options?.signal);
      yield* [];
    };
    this.#introduceBy(this.#list.own);
    this.#timer = setInterval(() => this.#maintain(), CHECK_INTERVAL_MS);
    this.#maintain();
  }

  get state(): IntroductionState {
    return this.#state;
  }

  get introducers(): readonly string[] {
    // Of one server nobody need be told.
    return this.#list.size > 1 ? this.#online() : [];
  }

  isRelay(peerId: string): boolean {
    return this.#list.get(peerId) !== undefined;
  }

  relaysTo(peerId: string): readonly Multiaddr[] {
    const online = this.#online();
    const noted = (this.#noted.get(peerId) ?? []).filter((id) => this.isRelay(id));
    const shared = noted.filter((id) => online.includes(id));
    // Where it says to be, and elsewhere only if it says nothing: a call of another server is a handshake.
    const likely = shared.length > 0 ? shared : noted;
    const ids = likely.length > 0 ? likely : new Set([...online, ...shuffled(this.#list.ids)]);
    return [...ids].map((id) => this.#list.get(id)!);
  }

  visit(relay: Multiaddr): () => void {
    const id = relayIdOf(relay);
    this.#visits.set(id, (this.#visits.get(id) ?? 0) + 1);
    return () => {
      const left = this.#visits.get(id)! - 1;
      if (left > 0) this.#visits.set(id, left);
      else this.#visits.delete(id);
      if (left === 0) setTimeout(() => this.#endVisit(id), VISIT_MS);
    };
  }

  note(peerId: string, introducers: readonly string[]): void {
    this.#list.hear(introducers);
    this.#noted.delete(peerId);
    this.#noted.set(peerId, introducers);
    const [oldest] = this.#noted.keys();
    if (oldest !== undefined && this.#noted.size > MAX_NOTED) this.#noted.delete(oldest);
  }

  onChange(listener: (state: IntroductionState) => void): Unsubscribe {
    return this.#events.on('state', listener);
  }

  async settled(timeoutMs: number): Promise<void> {
    if (this.#state === 'online') return;
    const online = Promise.withResolvers<void>();
    const unsubscribe = this.onChange((state) => {
      if (state === 'online') online.resolve();
    });
    await Promise.race([online.promise, this.#introductions.get(this.#list.own)?.settled(timeoutMs)]);
    unsubscribe();
  }

  close(): void {
    this.#list.close();
    clearInterval(this.#timer);
    for (const introduction of this.#introductions.values()) introduction.close();
    this.#introductions.clear();
  }

  /** Servers that introduce this tab now. */
  #online(): string[] {
    return [...this.#introductions].filter(([, { state }]) => state === 'online').map(([id]) => id);
  }

  #introduceBy(id: string): void {
    const introduction = new Introduction(this.#node!, this.#list.get(id)!);
    this.#introductions.set(id, introduction);
    introduction.onChange(() => this.#maintain());
  }

  /** Gives up servers that do not answer, takes others, and hangs up on those over the number wanted. */
  #maintain(): void {
    const { own } = this.#list;
    for (const [id, { state }] of this.#introductions) {
      if (state === 'online') this.#failed.delete(id);
      if (state === 'offline' && id !== own) this.#giveUp(id);
    }
    const ownState = this.#introductions.get(own)?.state;
    // It may have been started again with others.
    if (ownState === 'online' && this.#ownWasAway) this.#list.refresh();
    this.#ownWasAway = ownState === 'offline' || (this.#ownWasAway && ownState !== 'online');
    const wanted = WANTED_RELAYS - (ownState === 'offline' ? 0 : 1);
    // Not the one that this tab gossips with.
    const others = [...this.#introductions.keys()]
      .filter((id) => id !== own)
      .sort((one, other) => Number(other === this.#gossip.chosen) - Number(one === this.#gossip.chosen));
    for (const id of others.slice(wanted)) this.#drop(id);
    const now = Date.now();
    const free = this.#list.ids.filter((id) => !this.#introductions.has(id));
    const rested = shuffled(free.filter((id) => (this.#failed.get(id)?.untilMs ?? 0) <= now));
    for (const id of rested.slice(0, Math.max(0, wanted - others.length))) this.#introduceBy(id);
    this.#chooseGossip();
    this.#tell();
  }

  #endVisit(id: string): void {
    if (!this.#visits.has(id) && !this.#introductions.has(id)) this.#hangUp(id);
  }

  #giveUp(id: string): void {
    this.#list.refresh();
    const restMs = Math.min(MAX_REST_MS, 2 * (this.#failed.get(id)?.restMs ?? FIRST_REST_MS / 2));
    this.#failed.set(id, { restMs, untilMs: Date.now() + restMs });
    this.#drop(id);
  }

  #drop(id: string): void {
    this.#introductions.get(id)?.close();
    this.#introductions.delete(id);
    this.#endVisit(id);
  }

  #hangUp(id: string): void {
    for (const connection of this.#node?.getConnections(peerIdFromString(id)) ?? [])
      connection.close().catch((error) => connection.abort(ShoalError.from(error)));
  }

  #chooseGossip(): void {
    const { chosen } = this.#gossip;
    // It may be on its way: at the start the other one may be there sooner.
    if (chosen !== undefined && ['online', 'connecting'].includes(this.#introductions.get(chosen)?.state ?? '')) return;
    const online = this.#online();
    const next = online.includes(this.#list.own) ? this.#list.own : online[0];
    if (next === undefined || next === chosen) return;
    const server = peerIdFromString(next);
    this.#gossip.choose(
      server,
      this.#node?.getConnections(server).find(({ status }) => status === 'open'),
    );
  }

  #tell(): void {
    const online = this.#online();
    const states = [...this.#introductions.values()].map(({ state }) => state);
    const state = online.length > 0 ? 'online' : states.includes('connecting') ? this.#state : 'offline';
    const before = this.#told;
    this.#told = [...online].sort().join();
    if (state === this.#state && (state !== 'online' || this.#told === before)) return;
    this.#state = state;
    if (this.#list.size > 1)
      log.info('NET', `Servers that introduce this tab: ${online.length} of ${this.#list.size}.`);
    this.#events.emit('state', state);
  }
}
