import * as v from 'valibot';
import { Emitter, type Unsubscribe } from '../../core/events.ts';
import { log } from '../../core/log.ts';
import type { Transport } from '../../net/transport.ts';
import { presenceTopic } from '../../protocol/directory.ts';
import { PRESENCE_INTERVAL_MS, PRESENCE_TIMEOUT_MS } from '../../protocol/limits.ts';
import { type OwnPresence, type Presence, presenceSchema } from '../../protocol/presence.ts';
import type { Coverage } from '../assign/assign.ts';

/** Another node of the swarm, as last heard. */
export interface Member extends Presence {
  readonly peerId: string;
  readonly heardAtMs: number;
}

/** Members kept; beyond it newcomers are ignored, so that a flood of false peers costs bounded memory. */
const MAX_MEMBERS = 4096;

/** A broken connection of a living member is mended, and the member heard again, within two presences. */
const SUSPICION_MS = 2 * PRESENCE_INTERVAL_MS;

/** Everybody has spoken, and the gossip has found its ways, so long after this tab has begun to listen. */
const ACQUAINTANCE_MS = 2 * PRESENCE_INTERVAL_MS;
/** Nobody greets a tab that has said nothing yet, but all speak once a beat: after such a silence nobody else comes. */
const SILENCE_MS = PRESENCE_INTERVAL_MS + 500;

/**
 * Presences of the whole swarm a second: every member hears each, and the server repeats each to up to 256 of them. Of
 * more than 64 members each speaks less often; changes are told at once all the same.
 */
const MAX_PRESENCES_PER_SECOND = 32;

/** Of many members, about so many greet a newcomer at once: it can start with them, the others it hears at their next beat. */
const GREETERS = 16;

/**
 * Who is in the swarm: gossips this node's presence, hears everybody else's, and forgets the silent. Presence alone
 * decides who is alive; DHT records may be stale.
 */
export class Membership {
  readonly #transport: Transport;
  readonly #topic: string;
  readonly #members = new Map<string, Member>();
  /** Their ids, ascending, until somebody comes or goes: every lap of an answer asks who is there. */
  #order: readonly string[] | undefined;
  /** Members whose connection broke, until they are heard again or given up. */
  readonly #suspects = new Map<string, { readonly member: Member; readonly untilMs: number }>();
  readonly #events = new Emitter<{ change: undefined }>();
  readonly #cleanups: Unsubscribe[] = [];
  #own: (() => OwnPresence) | undefined;
  /** Milliseconds, so that a reloaded tab that keeps its identity goes on counting up. */
  #sequence = Date.now();
  #saidAtMs = 0;
  readonly #listensAtMs = Date.now();
  #newcomerAtMs: number | undefined;

  constructor(transport: Transport, manifestId: string) {
    this.#transport = transport;
    this.#topic = presenceTopic(manifestId);
    const timer = setInterval(() => this.#beat(), PRESENCE_INTERVAL_MS);
    this.#cleanups.push(
      () => clearInterval(timer),
      transport.subscribe(this.#topic, (from, message) => this.#hear(from, message)),
      transport.onPeer(({ peerId, connected }) => {
        if (!connected) this.suspect(peerId);
      }),
    );
  }

  /** The others, in order of their ids. */
  members(): Member[] {
    this.#order ??= [...this.#members.keys()].sort();
    return this.#order.map((peerId) => this.#members.get(peerId)!);
  }

  /**
   * Members whose connection broke a moment ago: out of every route, but perhaps back with their next presence. What
   * they served counts as pending.
   */
  suspects(): Coverage[] {
    const now = Date.now();
    return [...this.#suspects.values()]
      .filter(({ untilMs }) => untilMs > now)
      .map(({ member }) => ({ ready: [], pending: member.ready }));
  }

  onChange(listener: () => void): Unsubscribe {
    return this.#events.on('change', listener);
  }

  /** Waits until this tab has probably heard of everybody who is there; at once when it has listened for a while. */
  async acquainted(): Promise<void> {
    for (;;) {
      const waitMs = this.#acquaintedAtMs - Date.now();
      if (waitMs <= 0) return;
      // A newcomer in the meantime shortens it.
      await new Promise((resolve) => setTimeout(resolve, Math.min(waitMs, SILENCE_MS / 4)));
    }
  }

  /** Whether this tab has probably heard of everybody who is there. */
  get isAcquainted(): boolean {
    return this.#acquaintedAtMs <= Date.now();
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

  #beat(): void {
    const now = Date.now();
    // In a larger swarm a beat says something every second time, or third, and the silent are given as many times as long.
    const slowness = Math.max(1, (1000 * this.#members.size) / MAX_PRESENCES_PER_SECOND / PRESENCE_INTERVAL_MS);
    if (now - this.#saidAtMs > (slowness - 0.5) * PRESENCE_INTERVAL_MS) this.#publish();
    const oldest = now - slowness * PRESENCE_TIMEOUT_MS;
    let changed = false;
    // A page that is held up says nothing for a while; its connection tells that it is there.
    const connected = new Set(this.#transport.peers());
    for (const member of this.#members.values()) {
      if (member.heardAtMs < oldest && !connected.has(member.peerId)) changed = this.#forget(member.peerId) || changed;
    }
    for (const [peerId, { untilMs }] of this.#suspects) if (untilMs < now) this.#suspects.delete(peerId);
    if (changed) this.#events.emit('change', undefined);
  }

  /** A connection to the member broke, or cannot be made: it is out of every route until it is heard again. */
  suspect(peerId: string): void {
    const member = this.#members.get(peerId);
    if (!member) return;
    this.#forget(peerId);
    this.#suspects.set(peerId, { member, untilMs: Date.now() + SUSPICION_MS });
    this.#events.emit('change', undefined);
  }

  #forget(peerId: string): boolean {
    this.#order = undefined;
    return this.#members.delete(peerId);
  }

  #publish(): void {
    if (this.#own) void this.#send({ ...this.#own(), leaving: false });
  }

  async #send(presence: OwnPresence): Promise<void> {
    this.#saidAtMs = Date.now();
    this.#sequence = Math.max(this.#sequence + 1, this.#saidAtMs);
    const message = new TextEncoder().encode(JSON.stringify({ ...presence, sequence: this.#sequence }));
    await this.#transport.publish(this.#topic, message).catch((error: unknown) => {
      log.warn('SWARM', `Presence was not sent: ${error instanceof Error ? error.message : String(error)}`);
    });
  }

  #hear(from: string, message: Uint8Array): void {
    if (from === this.#transport.peerId) return;
    const presence = parsePresence(message);
    if (!presence) {
      log.warn('SWARM', `Ignored a malformed presence of ${from}`);
      return;
    }
    const known = this.#members.get(from);
    const { sequence = -1 } = known ?? this.#suspects.get(from)?.member ?? {};
    if (presence.sequence <= sequence) return;
    this.#suspects.delete(from);
    if (presence.leaving) {
      if (this.#forget(from)) this.#events.emit('change', undefined);
      return;
    }
    if (!known && this.#members.size >= MAX_MEMBERS) return;
    if (!known) {
      this.#order = undefined;
      this.#newcomerAtMs = Date.now();
    }
    this.#members.set(from, { ...presence, peerId: from, heardAtMs: Date.now() });
    // A newcomer learns of this node from the answer rather than at the next beat.
    if (!known && Math.random() * this.#members.size < GREETERS) this.#publish();
    if (!known || !sameOffer(known, presence)) this.#events.emit('change', undefined);
  }
}

/** Whether they serve the same, stay alike, and are called the same. */
function sameOffer(a: Presence, b: Presence): boolean {
  const sameShards = a.ready.join() === b.ready.join() && a.pending.join() === b.pending.join();
  return sameShards && a.draining === b.draining && a.name === b.name;
}

function parsePresence(message: Uint8Array): Presence | undefined {
  try {
    const result = v.safeParse(presenceSchema, JSON.parse(new TextDecoder().decode(message)));
    return result.success ? result.output : undefined;
  } catch {
    return undefined;
  }
}
