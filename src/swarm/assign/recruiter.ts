import { ShoalError } from '../../core/errors.ts';
import { log } from '../../core/log.ts';
import { shortId } from '../../core/short-id.ts';
import type { CommandClient } from '../frames/command-client.ts';
import type { AssignMember, AssignShard } from './shard-need.ts';
import { bestVolunteer } from './volunteer.ts';

export interface RecruiterOptions {
  readonly commands: Pick<CommandClient, 'send'>;
  readonly shards: readonly AssignShard[];
  /** Everybody who could be asked, this tab among them when it is a node. */
  readonly members: () => readonly AssignMember[];
  /** This tab: always willing, since the answer is its own. */
  readonly self: () => AssignMember;
  /** Whether this tab has the whole shard stored. */
  readonly stored: (shard: number) => Promise<boolean>;
  /** Has this tab serve the shard, as a node from then on if it was none. */
  readonly serve: (shard: number) => Promise<void>;
}

/** One that has failed at a shard is not asked for it again so soon. */
const REST_MS = 60_000;

/**
 * Finds somebody for a shard that nobody serves, while an answer of this tab waits for it: this tab, where it has the
 * shard stored; otherwise the least loaded of the willing; where nobody is, this tab again. One at a time.
 */
export class Recruiter {
  readonly #options: RecruiterOptions;
  /** Whom this tab has asked for which shard, and who is at it. */
  readonly #asked = new Map<number, string>();
  readonly #failed = new Map<string, number>();

  constructor(options: RecruiterOptions) {
    this.#options = options;
  }

  /** Who brings the shard because this tab has asked; asks somebody if nobody does. Undefined when nobody can. */
  recruit(shard: number): string | undefined {
    const asked = this.#asked.get(shard);
    if (asked) return asked;
    const self = this.#options.self().peerId;
    const peerId = this.#rested(self, shard) ? self : this.#choose(shard, false);
    if (!peerId) return undefined;
    // Until it has looked what it has stored, this tab is at it.
    this.#asked.set(shard, peerId);
    void this.#bring(shard).finally(() => this.#asked.delete(shard));
    return peerId;
  }

  async #bring(shard: number): Promise<void> {
    const { commands, stored, serve, self } = this.#options;
    const own = self().peerId;
    const peerId = this.#choose(shard, await stored(shard));
    if (!peerId) {
      this.#failed.set(keyOf(own, shard), performance.now() + REST_MS);
      return;
    }
    this.#asked.set(shard, peerId);
    const who = peerId === own ? 'this tab' : shortId(peerId);
    log.info('ASSIGN', `Nobody serves shard ${shard}: ${who} is to load it.`);
    try {
      if (peerId === own) await serve(shard);
      else await commands.send(peerId, 'LOAD_SHARD', { shard_id: shard });
    } catch (error) {
      log.warn('ASSIGN', `${who} did not load shard ${shard}: ${ShoalError.from(error).message}`);
      this.#failed.set(keyOf(peerId, shard), performance.now() + REST_MS);
    }
  }

  /** @param stored - whether this tab has the shard */
  #choose(shard: number, stored: boolean): string | undefined {
    const { members, self, shards } = this.#options;
    const own = { ...self(), willing: true };
    const ready = this.#rested(own.peerId, shard);
    if (ready && stored) return own.peerId;
    const others = members().filter(({ peerId }) => peerId !== own.peerId && this.#rested(peerId, shard));
    return bestVolunteer(shard, shards, others) ?? (ready ? bestVolunteer(shard, shards, [own]) : undefined);
  }

  #rested(peerId: string, shard: number): boolean {
    return (this.#failed.get(keyOf(peerId, shard)) ?? Number.NEGATIVE_INFINITY) < performance.now();
  }
}

function keyOf(peerId: string, shard: number): string {
  return `${peerId} ${shard}`;
}
