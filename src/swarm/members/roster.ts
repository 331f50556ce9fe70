import { PRESENCE_INTERVAL_MS } from '../../protocol/limits.ts';
import type { Presence } from '../../protocol/presence.ts';
import { type Coverage, countHolders } from '../assign/assign.ts';
import type { AssignMember } from '../assign/shard-need.ts';
import type { RouteCandidate } from '../route/route.ts';
import type { Member, Membership } from './membership.ts';

/** What a tab is and does, as assignment and routing count it. */
export type OwnFacts = Omit<
  Presence,
  'sequence' | 'name' | 'room' | 'exchangeId' | 'wire' | 'links' | 'servers' | 'draining' | 'leaving' | 'intervalMs'
>;

export interface RosterOptions {
  readonly peerId: string;
  readonly membership: Membership;
  readonly own: () => OwnFacts;
  /** Whether this tab has said in the swarm that it is a node. */
  readonly joined: () => boolean;
  /** Of the channel to a peer; 0 where none is open. */
  readonly roundTripMs: (peerId: string) => number;
  /** Whether the peer's page says nothing at the moment, though its browser is there. */
  readonly late: (peerId: string) => boolean;
}

/** One presence may be late or lost; after two, routes go elsewhere while they can. */
const OVERDUE_INTERVALS = 2;
const OVERDUE_SLACK_MS = 500;
/** Members that layers are dealt out among: as many as one server repeats presence to. */
const MAX_ASSIGNABLE = 256;

/** Everybody in the swarm, this tab among them, as those count them who deal out layers and plan routes. */
export class Roster {
  readonly #options: RosterOptions;
  /** This tab goes as soon as no session needs it, and takes no new one. */
  draining = false;

  constructor(options: RosterOptions) {
    this.#options = options;
  }

  get self(): AssignMember {
    return { peerId: this.#options.peerId, ...this.#options.own() };
  }

  /** The other members, without those that are about to leave. */
  others(): Member[] {
    return this.#options.membership.members().filter(({ draining }) => !draining);
  }

  /** Everybody who stays. */
  assignable(): AssignMember[] {
    return [...(this.#stays ? [this.self] : []), ...this.assignableOthers()];
  }

  /** The others who stay; of a crowd those for whom the server or a connection vouches first. */
  assignableOthers(): Member[] {
    const others = this.others();
    if (others.length <= MAX_ASSIGNABLE) return others;
    const { membership } = this.#options;
    const vouched = others.filter(({ peerId }) => membership.standing(peerId) !== 'heard');
    const heard = others.filter(({ peerId }) => membership.standing(peerId) === 'heard');
    return [...vouched, ...heard].slice(0, MAX_ASSIGNABLE);
  }

  /** Everybody who serves something and stays. */
  candidates(): RouteCandidate[] {
    const { peerId, own, roundTripMs, late, membership } = this.#options;
    const now = performance.now();
    const self = { peerId, ...own(), links: [], heardAtMs: now, intervalMs: PRESENCE_INTERVAL_MS };
    return [...(this.#stays ? [self] : []), ...this.others()]
      .filter(({ ready }) => ready.length > 0)
      .map((node) => ({
        ...node,
        roundTripMs: roundTripMs(node.peerId),
        standing: node.peerId === peerId ? 'connected' : membership.standing(node.peerId),
        overdue: now - node.heardAtMs > OVERDUE_INTERVALS * node.intervalMs + OVERDUE_SLACK_MS || late(node.peerId),
      }));
  }

  /** Whether every shard is served, and nobody works for a session or loads a shard, as far as somebody vouches for it. */
  idle(shardCount: number): boolean {
    const { membership } = this.#options;
    const others = membership.members();
    const { ready } = countHolders(shardCount, [...others, this.self]);
    const believed = others.filter(({ peerId }) => membership.standing(peerId) !== 'heard');
    return (
      ready.every((holders) => holders > 0) &&
      [...believed, this.self].every(
        ({ sessions, queueLength, pending }) => sessions + queueLength + pending.length === 0,
      )
    );
  }

  /** Everybody with what they serve and what is on its way to them. */
  everybody(): (Coverage & { readonly peerId?: string })[] {
    const { membership } = this.#options;
    return [...membership.members(), ...membership.suspects(), this.self];
  }

  /** Peers that go as soon as no session needs them. */
  leaving(): ReadonlySet<string> {
    const { membership, peerId } = this.#options;
    const others = membership.members().filter(({ draining }) => draining);
    return new Set([...others.map((member) => member.peerId), ...(this.draining ? [peerId] : [])]);
  }

  get #stays(): boolean {
    return this.#options.joined() && !this.draining;
  }
}
