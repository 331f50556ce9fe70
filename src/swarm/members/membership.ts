import { Emitter, type Unsubscribe } from '../../core/events.ts';
import { log } from '../../core/log.ts';
import { TokenBucket } from '../../core/token-bucket.ts';
import type { Transport } from '../../net/transport.ts';
import { presenceTopic } from '../../protocol/directory.ts';
import { MAX_PRESENCE_INTERVAL_MS, PRESENCE_INTERVAL_MS, PRESENCE_TIMEOUT_MS } from '../../protocol/limits.ts';
import type { OwnPresence, Presence } from '../../protocol/presence.ts';
import type { Coverage } from '../assign/assign.ts';
import type { Standing } from '../route/standing.ts';
import { Departed } from './departed.ts';
import { Hearsay } from './hearsay.ts';
import { encodePresence, parsePresence, sameOffer } from './presence-message.ts';

/** Another node of the swarm, as last heard. */
export interface Member extends Presence {
  readonly peerId: string;
  /** By `performance.now()`: nobody falls silent because a clock was set. */
  readonly heardAtMs: number;
}

/** A member, and how this tab knows it. */
interface Known {
  member: Member;
  /** The server or the member itself has told of it; of the others only tabs have, see `Hearsay`. */
  vouched: boolean;
  readonly pace: TokenBucket;
}

/** Members kept, twice what a server connects; beyond it those better known take the places of the others. */
const MAX_MEMBERS = 4096;

/**
 * Sequence numbers are times. A tab that is reloaded after its clock was set back by more than this begins anew, as far
 * as it says so itself over its own connection; the others hear it once they have forgotten what it said before.
 */
const SET_BACK_MS = 60_000;

/** Everybody has spoken, and the gossip has found its ways, so long after this tab has begun to listen. */
const ACQUAINTANCE_MS = 2 * PRESENCE_INTERVAL_MS;
/** Nobody greets a tab that has said nothing yet, but all speak once a beat: after such a silence nobody else comes. */
const SILENCE_MS = PRESENCE_INTERVAL_MS + 500;

/**
 * Presences of the whole swarm a second: every member hears each, and the server repeats each to up to 256 of them. Of
 * more than 64 members each speaks less often; changes are told at once all the same.
 */
const MAX_PRESENCES_PER_SECOND = 32;
/** Names of hearsay that count for that: who makes names up makes this tab speak half as often, and no less. */
const MAX_PACING_HEARSAY = 64;
/** However many members: so that nobody is silenced by a crowd. */
const MAX_SLOWNESS = MAX_PRESENCE_INTERVAL_MS / PRESENCE_INTERVAL_MS;

/** Presences of one member: its beat, and a burst of changes as when it loads many shards. */
const MEMBER_BURST = 16;
const MEMBER_PER_SECOND = 4;

/** Of many members, about so many greet a newcomer at once: it can start with them, the others it hears at their next beat. */
const GREETERS = 16;
/** Newcomers within it get one greeting. */
const GREETING_PAUSE_MS = 250;
/** Changes told at once; beyond, all of a tenth of a second together: each costs a look at every member. */
const CHANGES_BURST = 16;
const CHANGES_PER_SECOND = 10;

/**
 * Who is in the swarm: gossips this node's presence, hears everybody else's, and forgets the silent. Presence alone
 * decides who is alive; DHT records may be stale. A name costs nothing to make up: one that the server or its own
 * connection vouches for counts before those that only other tabs bring.
 */
export class Membership {
  readonly #transport: Transport;
  readonly #topic: string;
  readonly #known = new Map<string, Known>();
  /** In ascending order of their ids, until one of them changes: every lap of an answer asks who is there. */
  #list: readonly Member[] | undefined;
  #order: readonly string[] | undefined;
  readonly #departed = new Departed<Known>(MAX_MEMBERS);
  readonly #connected: Set<string>;
  readonly #hearsay = new Hearsay();
  readonly #events = new Emitter<{ change: undefined }>();
  readonly #cleanups: Unsubscribe[] = [];
  #own: (() => OwnPresence) | undefined;
  /** Milliseconds, so that a reloaded tab that keeps its identity goes on counting up. */
  #sequence = Date.now();
  #saidAtMs = Number.NEGATIVE_INFINITY;
  readonly #listensAtMs = performance.now();
  #newcomerAtMs: number | undefined;
  #complainedAtMs = Number.NEGATIVE_INFINITY;
  #greeting: ReturnType<typeof setTimeout> | undefined;
  readonly #changes = new TokenBucket(CHANGES_BURST, CHANGES_PER_SECOND, performance.now());
  #lateChange: ReturnType<typeof setTimeout> | undefined;

  constructor(transport: Transport, manifestId: string) {
    this.#transport = transport;
    this.#topic = presenceTopic(manifestId);
    this.#connected = new Set(transport.peers());
    const timer = setInterval(() => this.#beat(), PRESENCE_INTERVAL_MS);
    this.#cleanups.push(
      () => clearInterval(timer),
      () => clearTimeout(this.#greeting),
      () => clearTimeout(this.#lateChange),
      transport.subscribe(this.#topic, (from, message, forwarder) => this.#hear(from, message, forwarder)),
      transport.onPeer(({ peerId, connected }) => {
        if (connected) {
          this.#connected.add(peerId);
          this.#vouch(peerId);
        } else {
          this.#connected.delete(peerId);
          this.suspect(peerId);
        }
      }),
    );
  }

  /** The others, in order of their ids. */
  members(): readonly Member[] {
    this.#order ??= [...this.#known.keys()].sort();
    this.#list ??= this.#order.map((peerId) => this.#known.get(peerId)!.member);
    return this.#list;
  }

  standing(peerId: string): Standing {
    if (this.#connected.has(peerId)) return 'connected';
    return this.#known.get(peerId)?.vouched ? 'vouched' : 'heard';
  }

  /**
   * Members whose connection broke a moment ago: out of every route, but perhaps back with their next presence. What
   * they served counts as pending.
   */
  suspects(): Coverage[] {
    return this.#departed.suspects().map(({ member }) => ({ ready: [], pending: member.ready }));
  }

  onChange(listener: () => void): Unsubscribe {
    return this.#events.on('change', listener);
  }

  /** Waits until this tab has probably heard of everybody who is there; at once when it has listened for a while. */
  async acquainted(): Promise<void> {
    for (;;) {
      const waitMs = this.#acquaintedAtMs - performance.now();
      if (waitMs <= 0) return;
      // A newcomer in the meantime shortens it.
      await new Promise((resolve) => setTimeout(resolve, Math.min(waitMs, SILENCE_MS / 4)));
    }
  }

  /** Whether this tab has probably heard of everybody who is there. */
  get isAcquainted(): boolean {
    return this.#acquaintedAtMs <= performance.now();
  }

  get #acquaintedAtMs(): number {
    const latest = this.#listensAtMs + ACQUAINTANCE_MS;
    return Math.min(latest, (this.#newcomerAtMs ?? latest) + SILENCE_MS);
  }

  /** From now on this tab is a member and says what `own` returns. */
  announce(own: () => OwnPresence): void {
    this.#own = own;
    this.#publish();
  }

  /** Says the change at once instead of at the next beat. */
  publishNow(): void {
    this.#publish();
  }

  /** Says goodbye, so that nobody waits for a timeout. */
  async leave(): Promise<void> {
    const own = this.#own;
    this.#own = undefined;
    if (own) await this.#send({ ...own(), ready: [], pending: [], leaving: true });
  }

  close(): void {
    for (const cleanup of this.#cleanups.splice(0)) cleanup();
  }

  /** In a larger swarm a beat says something every second time, or third, and the silent are given as many times as long. */
  get #slowness(): number {
    const counted = this.#known.size - this.#hearsay.size + Math.min(this.#hearsay.size, MAX_PACING_HEARSAY);
    const needed = (1000 * counted) / MAX_PRESENCES_PER_SECOND / PRESENCE_INTERVAL_MS;
    return Math.min(MAX_SLOWNESS, Math.max(1, needed));
  }

  #beat(): void {
    const now = performance.now();
    const slowness = this.#slowness;
    if (now - this.#saidAtMs > (slowness - 0.5) * PRESENCE_INTERVAL_MS) this.#publish();
    let changed = false;
    for (const [peerId, { member }] of this.#known) {
      const patience = Math.max(slowness, member.intervalMs / PRESENCE_INTERVAL_MS) * PRESENCE_TIMEOUT_MS;
      // A page that is held up says nothing for a while; its connection tells that it is there.
      if (now - member.heardAtMs <= patience || this.#connected.has(peerId)) continue;
      this.#forget(peerId, false);
      changed = true;
    }
    this.#departed.sweep(now);
    this.#hearsay.sweep(now);
    if (changed) this.#changed();
  }

  /** A connection to the member broke, or cannot be made: it is out of every route until it is heard again. */
  suspect(peerId: string): void {
    if (!this.#forget(peerId, true)) return;
    this.#events.emit('change', undefined);
  }

  /** @returns whether it was known */
  #forget(peerId: string, suspect: boolean): boolean {
    const known = this.#known.get(peerId);
    if (!known) return false;
    this.#drop(peerId);
    this.#departed.add(peerId, known, suspect);
    return true;
  }

  /** The member has said goodbye. */
  #depart(peerId: string, sequence: number): void {
    const known = this.#known.get(peerId) ?? this.#departed.get(peerId);
    if (!known) return;
    known.member = { ...known.member, sequence };
    if (this.#forget(peerId, false)) this.#changed();
    else this.#departed.add(peerId, known, false);
  }

  #drop(peerId: string): void {
    this.#order = undefined;
    this.#list = undefined;
    this.#hearsay.delete(peerId);
    this.#known.delete(peerId);
  }

  #publish(): void {
    if (this.#own) void this.#send({ ...this.#own(), leaving: false });
  }

  async #send(presence: OwnPresence): Promise<void> {
    this.#saidAtMs = performance.now();
    this.#sequence = Math.max(this.#sequence + 1, Date.now());
    const servers = [...this.#transport.introducers];
    const own = {
      ...presence,
      ...(servers.length > 0 ? { servers } : {}),
      intervalMs: this.#slowness * PRESENCE_INTERVAL_MS,
      sequence: this.#sequence,
    };
    await this.#transport.publish(this.#topic, encodePresence(own)).catch((error: unknown) => {
      log.warn('SWARM', `Presence was not sent: ${error instanceof Error ? error.message : String(error)}`);
    });
  }

  /** @returns whether it is worth being passed on */
  #hear(from: string, message: Uint8Array, forwarder: string | undefined): boolean {
    if (from === this.#transport.peerId) return false;
    const now = performance.now();
    const direct = forwarder === from;
    const known = this.#known.get(from);
    const departed = this.#departed.get(from);
    const teller = direct || this.#connected.has(from) ? undefined : forwarder;
    if (teller !== undefined) {
      if (!this.#hearsay.passes(teller, now)) return false;
      if (!known && !departed && !this.#hearsay.admits(teller, now)) return false;
    } else if (known) this.#vouch(from);
    const presence = this.#asAllowed(from, parsePresence(message));
    if (!presence) {
      this.#complain(forwarder ?? 'the server', now);
      return false;
    }
    const { sequence = -1 } = (known ?? departed)?.member ?? {};
    const restarted = direct && presence.sequence < sequence - SET_BACK_MS;
    if (presence.sequence <= sequence && !restarted) return false;
    // Not before: somebody who repeats what it said earlier must not use its share up.
    const pace = (known ?? departed)?.pace ?? new TokenBucket(MEMBER_BURST, MEMBER_PER_SECOND, now);
    if (!pace.take(now)) return false;
    if (presence.leaving) {
      this.#depart(from, presence.sequence);
      return true;
    }
    const vouched = teller === undefined || ((known ?? departed)?.vouched ?? false);
    if (!known && !this.#makeRoom(from, vouched ? undefined : teller, now)) return false;
    if (presence.servers.length > 0) this.#transport.noteIntroducers(from, presence.servers);
    this.#departed.delete(from);
    this.#list = undefined;
    const member = { ...presence, peerId: from, heardAtMs: now };
    const same = known !== undefined && sameOffer(known.member, presence);
    if (known) known.member = member;
    else this.#welcome({ member, vouched, pace });
    if (!same) this.#changed();
    return true;
  }

  /** The presence, without any claim to serve where its author may not. */
  #asAllowed(from: string, presence: Presence | undefined): Presence | undefined {
    if (!presence || this.#transport.mayServe(from)) return presence;
    return { ...presence, ready: [], pending: [], willing: false, auto: false };
  }

  /** The server or its own connection tells of the member. */
  #vouch(peerId: string): void {
    const known = this.#known.get(peerId);
    if (!known || known.vouched) return;
    known.vouched = true;
    this.#hearsay.delete(peerId);
    this.#changed();
  }

  /**
   * Makes room for a newcomer, if it is better known than somebody here.
   * @param forwarder - of one that only a tab tells of
   * @returns whether there is room
   */
  #makeRoom(peerId: string, forwarder: string | undefined, nowMs: number): boolean {
    if (forwarder !== undefined) {
      if (this.#known.size >= MAX_MEMBERS) return false;
      const evicted = this.#hearsay.add(peerId, forwarder, nowMs);
      if (evicted === peerId) return false;
      if (evicted !== undefined) this.#drop(evicted);
      return true;
    }
    if (this.#known.size < MAX_MEMBERS) return true;
    const evicted = this.#hearsay.evict() ?? (this.#connected.has(peerId) ? this.#unconnected() : undefined);
    if (evicted === undefined) return false;
    this.#drop(evicted);
    return true;
  }

  #unconnected(): string | undefined {
    for (const peerId of this.#known.keys()) if (!this.#connected.has(peerId)) return peerId;
    return undefined;
  }

  #welcome(known: Known): void {
    this.#order = undefined;
    this.#newcomerAtMs = performance.now();
    this.#known.set(known.member.peerId, known);
    // A newcomer learns of this node from the answer rather than at the next beat.
    if (Math.random() * (this.#known.size - 1) < GREETERS) this.#greet();
  }

  #greet(): void {
    const waitMs = this.#saidAtMs + GREETING_PAUSE_MS - performance.now();
    if (waitMs <= 0) this.#publish();
    else
      this.#greeting ??= setTimeout(() => {
        this.#greeting = undefined;
        this.#publish();
      }, waitMs);
  }

  #changed(): void {
    if (this.#lateChange !== undefined) return;
    if (this.#changes.take(performance.now())) this.#events.emit('change', undefined);
    else
      this.#lateChange = setTimeout(() => {
        this.#lateChange = undefined;
        this.#events.emit('change', undefined);
      }, 1000 / CHANGES_PER_SECOND);
  }

  #complain(forwarder: string, nowMs: number): void {
    if (nowMs - this.#complainedAtMs < PRESENCE_INTERVAL_MS) return;
    this.#complainedAtMs = nowMs;
    log.warn('SWARM', `Ignored a malformed presence that came by ${forwarder}`);
  }
}
