import { ForeignMembers } from '../../../signaling-server/peers/foreign-members.ts';
import type { MemoryTransport } from '../../../src/net/memory/memory-member.ts';
import { MemoryNetwork } from '../../../src/net/memory/memory-transport.ts';
import { presenceTopic } from '../../../src/protocol/directory.ts';
import { Membership } from '../../../src/swarm/members/membership.ts';
import { parsePresence } from '../../../src/swarm/members/presence-message.ts';
import { type OwnFacts, Roster } from '../../../src/swarm/members/roster.ts';
import { planRoute, type RouteShard } from '../../../src/swarm/route/route.ts';
import { SimulatedClock } from './simulated-clock.ts';

const MANIFEST_ID = 'a'.repeat(64);
const LAYERS_PER_SHARD = 8;
/** All come within this time, as after a restart. */
const ARRIVAL_MS = 4000;

export interface CrowdOptions {
  readonly members: number;
  readonly servers: number;
  /** Shards of the model. */
  readonly shards: number;
  /** What a member serves, by its place. */
  readonly holds: (place: number) => readonly number[];
}

interface CrowdMember {
  readonly transport: MemoryTransport;
  readonly membership: Membership;
  readonly roster: Roster;
}

/** The memberships of a swarm of any size over several servers, without what its nodes compute. */
export class ServerCrowd {
  readonly clock = new SimulatedClock();
  readonly network: MemoryNetwork;
  readonly members: CrowdMember[] = [];
  readonly #shards: readonly RouteShard[];
  #heard = 0;
  #said = 0;

  constructor({ members, servers, shards, holds }: CrowdOptions) {
    const foreign = Array.from({ length: servers }, () => new ForeignMembers());
    this.network = new MemoryNetwork({
      servers,
      repeats: (server, author, message) => {
        const presence = parsePresence(message);
        return presence !== undefined && foreign[server]!.admits({ author, ...presence }, performance.now());
      },
    });
    this.#shards = Array.from({ length: shards }, (_, index) => ({
      index,
      layers: { start: index * LAYERS_PER_SHARD, end: (index + 1) * LAYERS_PER_SHARD },
    }));
    for (let place = 0; place < members; place++) this.#open(place, holds(place));
  }

  /** Lets everybody come, and time pass until all have spoken. */
  async arrive(): Promise<void> {
    await this.clock.pass(2 * ARRIVAL_MS);
  }

  /** Presences that each member says, and hears, a second, on average. */
  async measure(ms: number): Promise<{ said: number; heard: number }> {
    this.#heard = 0;
    this.#said = 0;
    await this.clock.pass(ms);
    const share = (count: number) => (1000 * count) / ms / this.members.length;
    return { said: share(this.#said), heard: share(this.#heard) };
  }

  /** Members of whom each one knows. */
  known(): number[] {
    return this.members.map(({ membership }) => membership.members().length);
  }

  /** How many of the members find a route. */
  routes(): number {
    return this.members.filter(({ transport, roster }) => {
      const plan = planRoute(this.#shards, roster.candidates(), transport.peerId);
      return plan.stages !== undefined;
    }).length;
  }

  async close(): Promise<void> {
    for (const { membership } of this.members) membership.close();
    this.clock.restore();
  }

  #open(place: number, ready: readonly number[]): void {
    const transport = this.network.createTransport();
    const membership = new Membership(transport, MANIFEST_ID);
    const facts: OwnFacts = {
      ...{ ready: [...ready], pending: [], layersPerSecond: 500, queueLength: 0, sessions: 0 },
      ...{ memoryBytes: 0, willing: false, auto: false },
    };
    const roster = new Roster({
      ...{ peerId: transport.peerId, membership, own: () => facts, joined: () => true },
      ...{ roundTripMs: () => 0, late: () => false },
    });
    const publish = transport.publish.bind(transport);
    transport.publish = (topic, message) => {
      this.#said++;
      return publish(topic, message);
    };
    transport.subscribe(presenceTopic(MANIFEST_ID), () => {
      this.#heard++;
    });
    this.members.push({ transport, membership, roster });
    setTimeout(() => membership.announce(() => ({ ...facts, leaving: false })), ARRIVAL_MS * ((place * 0.618) % 1));
  }
}
